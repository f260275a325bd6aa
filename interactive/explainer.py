"""A run that is loaded once, and answers questions from any thread."""
import compat  # noqa: F401  (before Chainer)

import contextlib
import threading

import chainer

import runs
from errors import ArgumentError
from interactive.answers import Answers, Explained, Nearest, Predicted
from saliency.explainer import fit_explainer
from saliency.methods import DEFAULT_METHODS, METHODS
from saliency.questions import as_examples, check_premise, own_questions
from saliency.records import ERROR

# One question at a time, in the whole process: the threads of BLAS belong to
# the process, and how many there are decides where batches of a network are
# cut, so that questions side by side could be answered with other last bits.
_asking = threading.Lock()


class TextExplainer:
    """Answers questions about texts, from one thread or several.

    What it says is what ``interpret.py`` writes for the same list of texts,
    byte for byte, whichever thread asks.  Texts are read as people write
    them; of a model of pairs an example is a tuple (premise, hypothesis).

    Args:
        explainer (saliency.explainer.Explainer): Of the run.

    Attributes:
        run (runs.Run): The run.
        label_names (tuple of str): In the order of the labels.
    """

    def __init__(self, explainer):
        self._explainer = explainer
        self.run = explainer.run
        self.label_names = tuple(self.run.data.label_names)

    def explain(self, texts, methods=DEFAULT_METHODS, nearest=5, reduce=None):
        """Predictions, and the words and training texts they are due to.

        Args:
            texts (list): n strings, or tuples of two; n at least 1.
            methods (sequence of str): Keys of ``saliency.methods.METHODS``.
            nearest (int): Training texts to name for each layer, at least 1.
            reduce (str): A method for input reduction, or None.

        Returns:
            Answers: n of ``Explained``.

        Raises:
            UserError: If a text is none, or there is no such method.
        """
        return self._records(Explained, texts, _checked(methods, reduce),
                             nearest, reduce)

    def explain_question(self, question, methods=DEFAULT_METHODS, nearest=5):
        """The same of tokens, such as an example of a split.

        Args:
            question (saliency.questions.Question): What is asked.
            methods (sequence of str): As for ``explain``.
            nearest (int): As for ``explain``.

        Returns:
            dict: A record.

        Raises:
            UserError: As for ``explain``.
        """
        names = _checked(methods)
        with self._alone():
            record, = self._explainer.records(
                [question], names, n_nearest=nearest, desc=None)
        return record

    def changes(self, before, after, nearest=5):
        """Which neighbours left and came from one question to another.

        Args:
            before, after (saliency.questions.Question): Both.
            nearest (int): As for ``explain``.

        Returns:
            list of dict: As ``saliency.explainer.Explainer.changes``.
        """
        with self._alone():
            return self._explainer.changes(before, after, nearest)

    def predict(self, texts):
        """What softmax, DkNN and soft DkNN say, without explanations.

        Args:
            texts (list): As for ``explain``.

        Returns:
            Answers: n of ``Predicted``.

        Raises:
            UserError: If a text is none.
        """
        return self._ask(Predicted, texts, self._explainer.predictions)

    def neighbors(self, texts, nearest=5):
        """The nearest training texts, layer by layer.

        Args:
            texts (list): As for ``explain``.
            nearest (int): As for ``explain``.

        Returns:
            Answers: n of ``Nearest``.

        Raises:
            UserError: If a text is none.
        """
        return self._records(Nearest, texts, [], nearest)

    def __repr__(self):
        return (f'<TextExplainer of {self.run.folder}: '
                f'{len(self.run.data.train):,} training texts, '
                f'{len(self.label_names)} labels>')

    def _records(self, kind, texts, names, nearest, reduce=None):
        if nearest < 1:
            raise ArgumentError('nearest', nearest, 'is too small; take 1 or '
                                'more')
        return self._ask(kind, texts, lambda questions: (
            self._explainer.records(questions, names, n_nearest=nearest,
                                    reduce=reduce, desc=None)))

    def _ask(self, kind, texts, answer):
        examples = as_examples(texts, 2 if self.run.data.pair else 1)
        with self._alone():
            found = list(answer(own_questions(self.run, examples)))
        return Answers(list(map(kind, found, examples)))

    @contextlib.contextmanager
    def _alone(self):
        # A thread has a GPU of its own that is current: the first, at first
        with _asking, chainer.using_device(self.run.model.device):
            yield


def _checked(methods, reduce=None):
    """Names of methods, each once; all exist."""
    if isinstance(methods, str):
        raise ArgumentError('methods', methods, 'is one name; give a '
                            f'list: [{methods!r}]')
    names = list(dict.fromkeys(methods))
    for name in [*names, *([] if reduce is None else [reduce])]:
        if name not in METHODS:
            raise ArgumentError('methods', name, 'is unknown; choose '
                                f'from {", ".join(METHODS)}')
    return names


def load_explainer(folder=None, index='exact', n_neighbors=75, layers='all',
                   class_conditional=False, index_options=None, memory=None,
                   data_dir=None, gpu=-1, premise=False, options=None,
                   dtype=None, error=ERROR):
    """Loads a trained run, to ask it about texts as often as one likes.

    As ``interpret.py`` does: activations, bandwidths and the temperature are
    stored in the run folder if they are not yet.

    Args:
        folder (str): The run folder or its ``args.json``; None: the newest
            under ``results/``.
        index (str): A name in ``neighbors.INDEXES``, or ``'auto'``.
        n_neighbors (int): k, neighbours a layer.
        layers (str or list of int): ``'all'``, ``'last'`` or numbers.
        class_conditional (bool): Whether p-values are those of one label.
        index_options (dict): Of the index, such as ``{'uri': 'shared.db'}``.
        memory (int): Bytes for the whole process; None for no bound.
        data_dir (str): Folder with the published data files.
        gpu (int): Number of the GPU, -1 for the CPU.
        premise (bool): Whether the premise's words are scored, too.
        options (dict): Options of the methods, such as ``{'steps': 20}``.
        dtype (str): Of the stored activations, ``'float32'`` or
            ``'float16'``; None for float32.
        error (float): In (0, 1), of the prediction sets.

    Returns:
        TextExplainer: Ready to be asked.

    Raises:
        UserError: If the run cannot be read, or an option does not fit it.
    """
    if not 0 < error < 1:
        raise ArgumentError('error', error, 'is no probability; give one '
                            'above 0 and below 1')
    with _asking:
        run = runs.load_run(folder, data_dir, gpu, dtype)
        check_premise(run, premise)
        dknn_options = runs.plan_search(run, {
            'n_neighbors': n_neighbors, 'index': index, 'layers': layers,
            'class_conditional': class_conditional,
            'index_options': index_options}, memory)
        train, calib = runs.stored_splits(run, ['train', 'calib'])
        return TextExplainer(fit_explainer(run, train, calib, premise,
                                           options, error, **dknn_options))
