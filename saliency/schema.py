"""The fields of a record: their types, and the ranges of their values.

A record is what ``interpretations.jsonl`` says of one text, as a JSON object.
The classes here declare it once; ``saliency.records`` reads lines by them and
checks besides what follows from other fields: C, the number of labels, and
the words.  "Like ``words``" is a list for each text, and in it an entry for
each word.  ``docs/output.md`` tells people what the fields mean.
"""
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

VERSION = 1

Whole = Annotated[int, Meta(ge=0, lt=1 << 31)]  # sums fit in 64 bits
Label = Whole  # and below C
Position = Whole  # of a word in its text, and below the length of that
Share = Annotated[float, Meta(ge=0, le=1)]  # rounded, so a p-value may be 0
Texts = Annotated[list[str], Meta(min_length=1, max_length=2)]
Side = Annotated[int, Meta(ge=0, le=1)]  # of a pair, 1 is the hypothesis


class Versioned(Struct):
    """What a record of any version has.

    Attributes:
        version (int): Of the format.
    """

    version: int


class Softmax(Struct):
    """The network's own prediction.

    Attributes:
        label (int): Below C.
        probabilities (list of float): C, in [0, 1].
        confidence (float): In [0, 1], of ``label``.
        calibrated_confidence (float): In [0, 1].
        temperature (float): Above 0.
    """

    label: Label
    probabilities: list[Share]
    confidence: Share
    calibrated_confidence: Share
    temperature: Annotated[float, Meta(gt=0)]


class Dknn(Struct):
    """The prediction by neighbours.

    Attributes:
        label (int): Below C.
        conformity (list of float): C, in [0, 1].
        p_values (list of float): C, in [0, 1].
        credibility (float): In [0, 1].
        confidence (float): In [0, 1].
        prediction_set (list of int): Labels, below C.
        error (float): In (0, 1), of the prediction set.
    """

    label: Label
    conformity: list[Share]
    p_values: list[Share]
    credibility: Share
    confidence: Share
    prediction_set: list[Label]
    error: Annotated[float, Meta(gt=0, lt=1)]


class Method(Struct):
    """An entry of ``methods``; a method may add numbers of its own.

    Attributes:
        target (int): Label explained, below C.
        scores (list): Like ``words``, of floats; None for a text that is
            not scored.
        gap (float): Of ``integrated_gradients``; optional.
    """

    target: Label
    scores: list[list[float] | None]
    gap: float | UnsetType = UNSET


class TableRow(Struct):
    """Where an example stands in a user's own table.

    Attributes:
        row (int): As a spreadsheet counts.
        id (str): What the table calls it; optional.
    """

    row: Whole
    id: str | UnsetType = UNSET


class Near(Struct):
    """A training example that is a neighbour.

    Attributes:
        index (int): Its position.
        label (int): Below C.
        distance (float): From 0.
        texts (list of str): One or two.
        share (float): In [0, 1], of the layer's kernel sums; optional.
        source (TableRow): Of a user's own data; optional.
    """

    index: Whole
    label: Label
    distance: Annotated[float, Meta(ge=0)]
    texts: Texts
    share: Share | UnsetType = UNSET
    source: TableRow | UnsetType = UNSET


class Layer(Struct):
    """The neighbours in a searched layer.

    Attributes:
        layer (str): Its name.
        votes (list of int): C, labels of the neighbours.
        nearest (list of Near): The nearest first.
        weight (float): From 0, of the layer in soft conformity; optional.
    """

    layer: str
    votes: list[Whole]
    nearest: list[Near]
    weight: Annotated[float, Meta(ge=0)] | UnsetType = UNSET


class Change(Struct):
    """How the neighbours in a layer change without a word.

    Attributes:
        layer (str): Its name.
        left, came (list of int): Training examples.
        left_votes, came_votes (list of int): C, their labels.
    """

    layer: str
    left: list[Whole]
    left_votes: list[Whole]
    came: list[Whole]
    came_votes: list[Whole]


class Removed(Struct):
    """What leaving out one word changes among the neighbours.

    Attributes:
        text (int): Which list of ``words``.
        word (int): Its position there.
        layers (list of Change): As many as ``neighbors``.
    """

    text: Side
    word: Position
    layers: list[Change]


class Reduction(Struct):
    """Input reduction.

    Attributes:
        method (str): Whose scores chose the words.
        text (int): Which list of ``words``.
        removed (list of int): Positions there, in the order of removal.
        confidence, credibility (list of float): In [0, 1], of the whole text
            and after each removal.
    """

    method: str
    text: Side
    removed: list[Position]
    confidence: list[Share]
    credibility: list[Share]


class Record(Struct):
    """All that is said of a text.

    Attributes:
        version (int): ``VERSION``.
        id (int): Position in the split, or among the user's own texts.
        split (str): None for a text of the user's own.
        dataset, model (str): Their names.
        label_names (list of str): C.
        gold (int): The true label, below C; None if unknown.
        words (list of list of str): One text or two.
        known (list of list of bool): Like ``words``; whether the network
            knows the word.
        softmax (Softmax): The network's own prediction.
        dknn (Dknn): The prediction by neighbours.
        methods (dict): Name to Method.
        neighbors (list of Layer): A searched layer each, at least one.
        soft (Dknn): The prediction by soft conformity; optional.
        index (str): What found the neighbours; optional.
        source (TableRow): Of a user's own data; optional.
        removed (Removed): Optional.
        reduction (Reduction): Optional.
    """

    version: Literal[VERSION]
    id: Whole
    split: Annotated[str, Meta(pattern='^(test|valid|calib)$')] | None
    dataset: str
    model: str
    label_names: Annotated[list[str], Meta(min_length=1)]
    gold: Label | None
    words: Annotated[list[list[str]], Meta(min_length=1, max_length=2)]
    known: list[list[bool]]
    softmax: Softmax
    dknn: Dknn
    methods: dict[str, Method]
    neighbors: Annotated[list[Layer], Meta(min_length=1)]
    soft: Dknn | UnsetType = UNSET
    index: str | UnsetType = UNSET
    source: TableRow | UnsetType = UNSET
    removed: Removed | UnsetType = UNSET
    reduction: Reduction | UnsetType = UNSET


# Paths to all labels of a record; ``*`` is every entry of a list or dict
LABELS = ('gold', 'softmax.label', 'dknn.label', 'dknn.prediction_set.*',
          'soft.label', 'soft.prediction_set.*',
          'methods.*.target', 'neighbors.*.nearest.*.label')
# ... and to all lists with an entry for each label
BY_LABEL = ('softmax.probabilities', 'dknn.conformity', 'dknn.p_values',
            'soft.conformity', 'soft.p_values',
            'neighbors.*.votes', 'removed.layers.*.left_votes',
            'removed.layers.*.came_votes')
# ... and to all positions of words, by the object that says of which text
WORDS = {'removed': 'removed.word', 'reduction': 'reduction.removed.*'}
