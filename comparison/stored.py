"""What run_dknn.py and evaluate.py wrote of a run, if it still holds."""
import msgspec
from msgspec import UNSET, Struct, UnsetType

from errors import UserError
from files import typed
from runs.folder import MODEL

FIGURES, LINES = 'dknn.json', 'predictions.jsonl'
EVALUATIONS = 'evaluation.json', 'evaluation.part.json'
HINT = 'run python run_dknn.py again'
EVALUATION_HINT = 'run python evaluate.py again'
LEVEL = 0.95  # of the prediction sets that are compared
LAST = 'DkNN, last layer'  # a row of the table of evaluation.accuracy


class Sets(Struct):
    """Prediction sets at a level."""

    level: float
    coverage: float
    mean_size: float


class Predictor(Struct):
    """Figures of one predictor."""

    accuracy: float
    nll: float | None
    brier: float
    ece: float
    prediction_sets: list[Sets] = []


class Figures(Struct):
    """What is read of ``dknn.json`` (docs/output.md)."""

    split: str
    n_test: int
    agreement: float
    credibility_right: float | None
    credibility_wrong: float | None
    predictors: dict[str, Predictor]
    index: str
    layers: list[str]
    n_neighbors: int
    class_conditional: bool


class Neighbours(Struct):
    """What DkNN or soft DkNN says of a text."""

    label: int
    conformity: list[float]
    credibility: float
    prediction_set: list[int]


class Softmax(Struct):
    """What softmax says of a text."""

    label: int
    probabilities: list[float]


class Line(Struct):
    """What is read of a line of ``predictions.jsonl``."""

    texts: list[str]
    label: int
    softmax: Softmax
    dknn: Neighbours
    soft: Neighbours


class Evaluation(Struct):
    """What is read of ``evaluation.json``."""

    split: str
    limit: int | None
    index: str
    n_neighbors: int
    parts: dict[str, dict] | UnsetType = UNSET


def as_figures(result):
    """The figures of a ``dknn.json`` that was never a file.

    Args:
        result (dict): Its contents.

    Returns:
        Figures: The same.
    """
    return msgspec.convert(result, Figures)


def as_lines(records):
    """The lines of a ``predictions.jsonl`` that was never a file.

    Args:
        records (iterable of dict): Its records.

    Returns:
        list of Line: The same.
    """
    return [msgspec.convert(record, Line) for record in records]


def read(run, options):
    """What run_dknn.py wrote into the run folder of the test split.

    Args:
        run (runs.Run): A trained run.
        options (dict): As for ``runs.fit_dknn``.

    Returns:
        tuple or str: Figures and a list of Line; or why there are none that
        hold: a file is missing or older than the model, or is of other
        settings or texts.

    Raises:
        UserError: If a file is damaged.
    """
    paths = [run.folder / name for name in (FIGURES, LINES)]
    for path in paths:
        if not path.is_file():
            return f'there is no {path.name}'
        if _is_older(path, run):
            return f'{path.name} is older than the model'
    figures = typed.read(paths[0], Figures, HINT)
    _check_predictors(figures, paths[0])
    names = run.model.layer_names
    wanted = {'all': names, 'last': names[-1:]}.get(str(options['layers']))
    if options['index'] != 'exact' or (
            figures.index, figures.layers, figures.n_neighbors,
            figures.class_conditional) != (
                'exact', wanted and list(wanted), options['n_neighbors'],
                options['class_conditional']):
        return f'{FIGURES} is of other settings'
    lines = [typed.decode(line, Line, f'{paths[1]}, line {i}', HINT)
             for i, line in enumerate(paths[1].read_bytes().splitlines(), 1)]
    if [(line.texts, line.label) for line in lines] != [
            ([' '.join(tokens) for tokens in example.texts], example.label)
            for example in run.data.test]:
        return f'{LINES} is of other texts'
    for i, line in enumerate(lines, 1):
        _check_labels(line, len(run.data.label_names), f'{paths[1]}, line {i}')
    return figures, lines


def last_layer(run, options):
    """DkNN's accuracy by the last layer alone, if evaluate.py measured it.

    Args:
        run (runs.Run): A trained run.
        options (dict): As for ``runs.fit_dknn``.

    Returns:
        float: In [0, 1]; None if it is not known.

    Raises:
        UserError: If a file is damaged.
    """
    for name in EVALUATIONS:
        path = run.folder / name
        if not path.is_file() or _is_older(path, run):
            continue
        found = typed.read(path, Evaluation, EVALUATION_HINT)
        part = found.parts and found.parts.get('accuracy')
        if part and (found.split, found.limit, found.index,
                     found.n_neighbors) == (
                         'test', None, options['index'],
                         options['n_neighbors']):
            return _cell(part, path)
    return None


def _cell(part, path):
    try:
        rows = {row['name']: row['cells'] for row in part['tables'][0]['rows']}
        return float(rows[LAST][0]['value'])
    except (KeyError, IndexError, TypeError, ValueError):
        raise UserError(f'{path}: its part accuracy has no row {LAST}; '
                        f'{EVALUATION_HINT}') from None


def _is_older(path, run):
    return (path.stat().st_mtime_ns
            < (run.folder / MODEL).stat().st_mtime_ns)


def _check_predictors(figures, where):
    """All predictors are there, those by neighbours with their sets."""
    found = figures.predictors
    for name in ('softmax', 'dknn', 'soft'):
        if name not in found or name != 'softmax' and LEVEL not in [
                row.level for row in found[name].prediction_sets]:
            raise UserError(f'{where} lacks figures of {name}; {HINT}')


def _check_labels(line, n_class, where):
    """Every label is one, and there are numbers for each."""
    near = line.dknn, line.soft
    values = [line.softmax.probabilities, *(one.conformity for one in near)]
    labels = [line.softmax.label]
    for one in near:
        labels += [one.label, *one.prediction_set]
    if any(len(own) != n_class for own in values) or not all(
            0 <= label < n_class for label in labels):
        raise UserError(f'{where} does not fit the {n_class} labels of the '
                        f'run; {HINT}')
