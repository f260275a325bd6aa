"""Who is right: softmax, a linear baseline, DkNN and soft DkNN."""
from evaluation.tables import Table
from metrics import bootstrap
from neighbors.votes import sum_by_label

KS = 1, 5, 10, 25, 75, 150, 300, 600


def measure(setting):
    """The part ``accuracy``.

    Args:
        setting (Setting): What to evaluate.

    Returns:
        list of Table: predictors, layers, differences (with logits),
        neighbors.
    """
    return [predictors(setting), by_layer(setting),
            *([differences(setting)] if setting.has('logits') else []),
            by_neighbors(setting)]


def predictors(setting):
    """Accuracy of each predictor, and its paired gap to softmax."""
    counts = setting.counts
    last = _fitted(setting, 'last')
    labels_of = {}
    if setting.has('logits'):
        labels_of['softmax'] = setting.predicted
    if setting.has('texts'):
        labels_of['linear baseline'] = setting.baseline
    labels_of |= {
        'DkNN': setting.prediction.label,
        'DkNN, last layer': last.predict(setting.test.layers).label,
        'soft DkNN': setting.soft.label}
    right = {name: (found == setting.labels).astype(float)
             for name, found in labels_of.items()}
    return Table(
        'predictors', 'accuracy on the test texts',
        ['accuracy', 'minus softmax'],
        [(name, [bootstrap.mean_estimate(values, counts),
                 None if name == 'softmax' or 'softmax' not in right else
                 bootstrap.difference_estimate(values, right['softmax'],
                                               counts)])
         for name, values in right.items()],
        f'{len(setting.labels):,} texts; 95 % intervals by the bootstrap, '
        'paired where two are compared')


def by_layer(setting):
    """Accuracy of the neighbours of one layer alone."""
    rows = []
    for layer, name in enumerate(setting.run.model.layer_names):
        dknn = _fitted(setting, [layer]).use_tuning(
            [_bandwidth(setting, layer)], [1.])
        rows.append((name, [
            setting.share(dknn.predict(setting.test.layers).label
                          == setting.labels),
            setting.share(dknn.soft_log_odds(
                setting.test.layers).argmax(axis=1) == setting.labels)]))
    return Table('layers', 'accuracy of one layer alone',
                 ['DkNN', 'soft DkNN'], rows,
                 'bandwidths of soft DkNN as tuned together; of a layer that '
                 'is not searched, the widest of those')


def differences(setting):
    """Who is right where softmax and DkNN differ."""
    rows = []
    for name, found in [('DkNN', setting.prediction.label),
                        ('soft DkNN', setting.soft.label)]:
        differ = found != setting.predicted
        rows.append((name, [
            setting.share(~differ), int(differ.sum()),
            int((differ & (setting.predicted == setting.labels)).sum()),
            int((differ & (found == setting.labels)).sum())]))
    return Table('differences', 'where DkNN and softmax differ',
                 ['agreement', 'differ', 'softmax is right', 'it is right'],
                 rows)


def by_neighbors(setting):
    """DkNN with other numbers of neighbours, from one search."""
    ks = [k for k in KS if k <= len(setting.train.labels)]
    dknn = setting.new_dknn(n_neighbors=ks[-1]).fit(
        setting.train.layers, setting.train.labels)
    found = dknn.kneighbors(setting.test.layers)
    rows = []
    for k in ks:
        votes = sum_by_label(found[:, :, :k], dknn.labels_, dknn.n_class)
        share = votes / votes.sum(axis=1, keepdims=True)
        rows.append((f'k = {k}', [
            setting.share(votes.argmax(axis=1) == setting.labels),
            setting.share(share.max(axis=1)),
            setting.share(share.max(axis=1) == 1)]))
    return Table('neighbors', 'DkNN by the number of neighbours',
                 ['accuracy', 'mean conformity', 'conformity 1'], rows,
                 'ties go to the lower label')


def _fitted(setting, layers):
    """DkNN like the setting's, of other layers; calibrated."""
    return setting.new_dknn(layers=layers).fit(
        setting.train.layers, setting.train.labels).calibrate(
            setting.calib.layers, setting.calib.labels)


def _bandwidth(setting, layer):
    """The tuned bandwidth of a layer; the widest of all if not searched."""
    dknn = setting.dknn
    if layer in dknn.layers_:
        return dknn.bandwidths_[dknn.layers_.index(layer)]
    return max(dknn.bandwidths_)
