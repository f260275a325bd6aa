"""The runs that are compared: what each says of its test texts."""
from typing import NamedTuple

import runs
from comparison import stored
from errors import UserError
from evaluation import predictors

LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'


class Member(NamedTuple):
    """A run that is compared with others.

    Attributes:
        letter (str): What it is called for short.
        run (runs.Run): The run.
        figures (stored.Figures): Of its whole test split.
        lines (list of stored.Line): What it says of each test text.
        last_layer (float): Accuracy by the last layer alone, or None.
        computed (str): Why the figures were computed now; ``''`` if they
            are those of the run folder.
    """

    letter: str
    run: runs.Run
    figures: stored.Figures
    lines: list
    last_layer: float
    computed: str


def load_members(paths, data_dir, gpu, options, memory):
    """Loads runs, and what each says of its test texts.

    That is what run_dknn.py wrote into the run folder; where it does not hold
    any more, or is of other settings, it is computed, and not stored.

    Args:
        paths (list of str): As for ``runs.load_run``.
        data_dir (str): As for ``runs.load_run``.
        gpu (int): As for ``runs.load_run``.
        options (dict): As for ``runs.fit_dknn``.
        memory (int): As for ``runs.plan_memory``.

    Returns:
        list of Member: In the same order.

    Raises:
        UserError: If a path is no run, a run is there twice, or the runs
            have different label names.
    """
    if not 2 <= len(paths) <= len(LETTERS):
        raise UserError(f'{len(paths)} runs cannot be compared; name from 2 '
                        f'to {len(LETTERS)} of them')
    loaded = []
    for path in paths:
        run = runs.load_run(path, data_dir, gpu)
        _check(run, loaded)
        loaded.append(run)
    return [_member(letter, run, options, memory)
            for letter, run in zip(LETTERS, loaded, strict=False)]


def _check(run, others):
    for other in others:
        if run.digest == other.digest:
            raise UserError(
                f'{run.folder} is the same run as {other.folder}: they have '
                'the same parameters; name each run once')
        if run.data.label_names != other.data.label_names:
            raise UserError(
                f'{run.folder} has the labels '
                f'{", ".join(run.data.label_names)}, but {other.folder} '
                f'{", ".join(other.data.label_names)}; compare runs whose '
                'labels are the same')


def _member(letter, run, options, memory):
    found, why = stored.read(run, options), ''
    if isinstance(found, str):
        found, why = _computed(run, options, memory), found
    return Member(letter, run, *found, stored.last_layer(run, options), why)


def _computed(run, options, memory):
    """Figures and lines, as run_dknn.py would write them."""
    train, calib, test = runs.stored_splits(run, ['train', 'calib', 'test'])
    options = runs.plan_search(run, options, memory)
    dknn = runs.fit_dknn(run, train, calib, **options)
    said = predictors.predict(dknn, test)
    figures = stored.as_figures({
        **predictors.figures(dknn, said), 'split': 'test',
        'n_test': len(said.labels), 'index': options['index'],
        'layers': [run.model.layer_names[i] for i in dknn.layers_],
        'n_neighbors': options['n_neighbors'],
        'class_conditional': options['class_conditional']})
    return figures, stored.as_lines(
        predictors.prediction_records(run, 'test', dknn, said))


def same_texts(member, other):
    """Whether two runs are tested on the same texts, in the same order.

    Args:
        member, other (Member): Two runs.

    Returns:
        bool: Labels and tokens are the same; characters are not words.
    """
    return member.run.data.test == other.run.data.test
