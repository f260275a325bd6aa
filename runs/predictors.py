"""What is fitted on a run's activations: DkNN and the temperature."""
import functools
import json

from dknn import DkNN
from errors import ArgumentError
from files import stored
from files.atomic import write_json
from metrics import confidence
from neighbors import INDEXES
from neighbors.shards import ShardedIndex
from runs.activations import stored_activations
from runs.folder import ACTIVATIONS, TEMPERATURE
from runs.notes import note
from runs.processes import processes
from runs.recall import measure_recall
from runs.remembered import remembered
from runs.training import results_of

INDEX_VERSION = 3  # to be raised where indexes are built in another way
TUNING_VERSION = 1  # ... where bandwidths and weights are chosen in another
CALIBRATION_VERSION = 1  # ... where votes or log-odds are computed in another
TEMPERATURE_VERSION = 1  # ... where the temperature is fitted in another


def fit_dknn(run, train, calib, n_neighbors=75, index='exact', layers='all',
             class_conditional=False, index_options=None, memory=None,
             device=None):
    """DkNN fitted on the training split, calibrated on the calibration one.

    Where several processes run this command, each holds a share of the
    training examples (``neighbors.shards``), and searches it on its CPU.

    Its soft conformity is tuned on the validation split.  What that and the
    calibration find, an index that takes long to build, and the recall of an
    approximate one are stored in the run folder, but not for activations
    without a key, those of another framework.

    Args:
        run (Run): A trained run.
        train, calib (Activations): Its stored activations of both splits.
        n_neighbors (int): k, as for ``DkNN``; likewise the other options.
        index (str): A name in ``neighbors.INDEXES``.
        layers (str or list of int): Layers to search.
        class_conditional (bool): Whether p-values are those of one label.
        index_options (dict): As for ``DkNN``.
        memory (int): Bytes for the search (``runs.plan_memory``), as for
            ``DkNN``.
        device (module): As for ``DkNN``.

    Returns:
        DkNN: Fitted, tuned and calibrated.

    Raises:
        ArgumentError: If an option does not fit the activations.
    """
    options = {'n_class': len(run.data.label_names),
               'n_neighbors': n_neighbors, 'index': index, 'layers': layers,
               'class_conditional': class_conditional,
               'index_options': index_options, 'memory': memory,
               'device': device}
    if processes().size > 1:
        return _calibrated(run, train, calib,
                           _fit_on_all(run, train, options), index)
    dknn = DkNN(**options)
    if train.key is None or not INDEXES[index].worth_storing:
        dknn.fit(train.layers, train.labels)
    else:
        _fit_or_load(dknn, run.folder / ACTIVATIONS / f'index_{index}',
                     train)
    valid = stored_activations(run, 'valid')
    if INDEXES[index].is_approximate:
        measure_recall(run, valid, dknn, dict(_options(dknn)), train.key and (
            f'{train.key} {valid.key} {INDEX_VERSION}'))
    dknn.use_tuning(**_tuning(run, train, valid, dknn, lambda: dknn))
    return _calibrated(run, train, calib, dknn, index)


def _fit_on_all(run, train, options):
    """DkNN whose training examples are shared out among the processes.

    Rank 0 alone chooses bandwidths and weights, once in a run's life, from
    all examples: what an optimizer finds is not rounded to a grid.
    """
    for name, usual in [('index', 'exact'), ('index_options', None),
                        ('memory', None)]:
        if options[name] != usual:
            raise ArgumentError(
                name, options[name], 'works in one process; leave it out, or '
                'start one process, without mpiexec')
    team, whole = processes(), DkNN(**options)
    valid = stored_activations(run, 'valid')
    tuning = team.on_root(lambda: _tuning(
        run, train, valid, whole,
        lambda: whole.fit(train.layers, train.labels)))
    index = functools.partial(ShardedIndex, team)
    return DkNN(**{**options, 'index': index}).fit(
        train.layers, train.labels).use_tuning(**tuning)


def _fit_or_load(dknn, folder, train):
    """Takes the stored index, or builds it and stores it."""
    built = {name: value for name, value in _options(dknn)
             if name not in INDEXES[dknn.index].search_options}
    key = f'{train.key} {dknn.layers} {built} {INDEX_VERSION}'

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


def _options(dknn):
    """Options of its index that decide on what is found, in their order."""
    return [(name, value)
            for name, value in sorted((dknn.index_options or {}).items())
            if name not in ('uri', 'token')]


def _tuning(run, train, valid, dknn, fit):
    """The stored bandwidths and weights, or those chosen and stored now.

    ``fit`` returns a DkNN like ``dknn``, fitted; it is called to choose them.
    """
    def choose():
        found = fit().tune(valid.layers, valid.labels)
        return {'bandwidths': found.bandwidths_, 'weights': found.weights_}

    if train.key is None:
        return choose()
    key = ' '.join(map(str, [
        train.key, valid.key, dknn.layers,
        '' if INDEXES[dknn.index].compares_all else dknn.n_neighbors,
        _options(dknn), INDEX_VERSION, TUNING_VERSION]))
    return remembered(run, f'tuning_{dknn.index}', key, choose, 'chosen')


def _calibrated(run, train, calib, dknn, index):
    """The fitted and tuned DkNN with its calibration, stored or found now.

    Several processes find it together, and rank 0 stores it.
    """
    def calibrate():
        dknn.calibrate(calib.layers, calib.labels)
        return {'votes': dknn.calibration_votes_.tolist(),
                'log_odds': dknn.calibration_log_odds_.tolist()}

    if train.key is None:
        return dknn.calibrate(calib.layers, calib.labels)
    key = ' '.join(map(str, [
        train.key, calib.key, dknn.layers, dknn.n_neighbors, _options(dknn),
        dknn.bandwidths_, dknn.weights_, INDEX_VERSION, CALIBRATION_VERSION]))
    name = f'calibration_{index}'
    if processes().size > 1:
        learned = calibrate()
        processes().on_root(lambda: remembered(run, name, key,
                                               lambda: learned, 'computed'))
        return dknn
    found = remembered(run, name, key, calibrate, 'computed')
    return dknn.use_calibration(calib.layers, calib.labels, **found)


def store_temperature(run, calib):
    """The temperature of the calibration split, fitted once and stored.

    ``temperature.json`` also holds the split's NLL before and after.  It is
    not written for activations without a key, those of another framework.

    Args:
        run (Run): A trained run.
        calib (Activations): Its stored activations of the split.

    Returns:
        float: T > 0.
    """
    if calib.key is None:
        return confidence.fit_temperature(calib.logits, calib.labels)
    content = processes().on_root(lambda: remembered(
        run, 'temperature', f'{calib.key} {TEMPERATURE_VERSION}',
        lambda: _temperature(calib), 'fitted'))
    path = run.folder / TEMPERATURE
    try:
        if processes().is_root and not _holds(path, content):
            with results_of(run):
                write_json(path, content)
    except OSError as error:
        if error.errno not in stored.READ_ONLY:
            raise
        note(f'{path} cannot be written; T = {content["temperature"]:.4f} is '
             'used, but not stored')
    return content['temperature']


def _temperature(calib):
    """What ``temperature.json`` says."""
    temperature = confidence.fit_temperature(calib.logits, calib.labels)
    before, after = (confidence.negative_log_likelihood(
        confidence.softmax(calib.logits, t), calib.labels)
        for t in (1.0, temperature))
    return {'temperature': temperature, 'n': len(calib.labels),
            'split': 'calib', 'nll_before': before, 'nll_after': after}


def _holds(path, content):
    """Whether a JSON file holds just this."""
    try:
        return json.loads(path.read_bytes()) == content
    except (OSError, ValueError, RecursionError):
        return False
