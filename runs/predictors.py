"""What is fitted on a run's activations: DkNN and the temperature."""
from dknn import DkNN
from files import stored
from files.atomic import write_json
from metrics import confidence
from neighbors import INDEXES
from runs.folder import ACTIVATIONS, TEMPERATURE
from runs.notes import note
from runs.training import results_of

INDEX_VERSION = 1  # to be raised where indexes are built in another way


def fit_dknn(run, train, calib, n_neighbors=75, index='exact', layers='all',
             class_conditional=False):
    """DkNN fitted on the training split, calibrated on the calibration one.

    An index that takes long to build is stored in the run folder.

    Args:
        run (Run): A trained run.
        train, calib (Activations): Its stored activations of both splits.
        n_neighbors (int): k, as for ``DkNN``; likewise the other options.
        index (str): A name in ``neighbors.INDEXES``.
        layers (str or list of int): Layers to search.
        class_conditional (bool): Whether p-values are those of one label.

    Returns:
        DkNN: Fitted and calibrated.

    Raises:
        ArgumentError: If an option does not fit the activations.
    """
    dknn = DkNN(len(run.data.label_names), n_neighbors=n_neighbors,
                index=index, layers=layers,
                class_conditional=class_conditional)
    if not INDEXES[index].worth_storing:
        dknn.fit(train.layers, train.labels)
    else:
        _fit_or_load(dknn, run.folder / ACTIVATIONS / f'index_{index}',
                     train)
    return dknn.calibrate(calib.layers, calib.labels)


def _fit_or_load(dknn, folder, train):
    """Takes the stored index, or builds it and stores it."""
    key = f'{train.key} {dknn.layers} {INDEX_VERSION}'

    def make(temporary):
        dknn.fit(train.layers, train.labels).save_indexes(temporary)

    try:
        problem = stored.ensure(folder, key, make)
    except stored.NotWritable as error:
        note(f'{error}; the index is built, but not stored')
        dknn.fit(train.layers, train.labels)
        return
    if problem:
        note(f'{folder}: {problem}; built again')
    if not hasattr(dknn, 'indexes_'):
        dknn.load_indexes(folder, train.layers, train.labels)


def store_temperature(run, calib):
    """Fits the temperature on the calibration split and stores it.

    ``temperature.json`` also holds the split's NLL before and after.

    Args:
        run (Run): A trained run.
        calib (Activations): Its stored activations of the split.

    Returns:
        float: T > 0.
    """
    temperature = confidence.fit_temperature(calib.logits, calib.labels)
    before, after = (confidence.negative_log_likelihood(
        confidence.softmax(calib.logits, t), calib.labels)
        for t in (1.0, temperature))
    content = {
        'temperature': temperature, 'n': len(calib.labels), 'split': 'calib',
        'nll_before': before, 'nll_after': after}
    try:
        with results_of(run):
            write_json(run.folder / TEMPERATURE, content)
    except OSError as error:
        if error.errno not in stored.READ_ONLY:
            raise
        note(f'{run.folder / TEMPERATURE} cannot be written; '
             f'T = {temperature:.4f} is used, but not stored')
    return temperature
