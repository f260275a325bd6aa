"""Training labels that others contradict: by hand, and without each."""
import compat  # noqa: F401  (before Chainer)

import html5lib
import numpy as np
import pytest
from dknn_examples import clusters, layer

import evaluate
import runs
from dknn import DkNN
from evaluation import debugging
from files.rows import CONTROL
from nlp_utils import Texts
from runs.activations import Activations


def activations(layers, labels):
    return Activations(Texts.of([np.zeros(1, np.int32)] * len(labels)),
                       np.zeros((len(labels), 2)), layers,
                       np.array(labels, np.int32))


def ranked(layers, labels, k, bandwidths, weights, n_class=2,
           index='exact'):
    dknn = DkNN(n_class, n_neighbors=k, index=index).fit(layers, labels)
    return debugging.rank(dknn.use_tuning(bandwidths, weights),
                          activations(layers, labels))


def test_by_hand():
    """0 and 1 are of the class 0, and so is 10 among 11 and 13 of class 1.

    With k = 2 the neighbours of 10 are 11 and 13, its conformity 0; those of
    11 are 10 and 13: 1/2, as of 13, 11 and 10; those of 0 are 1 and 10: 1;
    of 1, 0 and 10: 1.  Soft, s = 1: of 10 log S_1 = -1/2 + log(1 + e^-4),
    log S_0 = -81/2 + log(1 + e^(-19/2)); of 11 -1/2 against -2; of 13, -2
    against -9/2.
    """
    found = ranked([layer(0, 1, 10, 11, 13)], [0, 0, 0, 1, 1], 2, [1], [1])
    assert found.order[0] == 2
    np.testing.assert_allclose(found.conformity, [1, 1, 0, .5, .5])
    np.testing.assert_allclose(found.own_odds[2], -81 / 2 + np.log1p(
        np.exp(-9.5)) + 1 / 2 - np.log1p(np.exp(-4)))
    np.testing.assert_allclose(found.own_odds[3:], [-2 + 1 / 2, -2 + 4.5],
                               atol=1e-9)
    assert found.order.tolist()[:3] == [2, 3, 4]
    assert found.said.tolist() == [0, 0, 1, 0, 1]
    assert found.nearest[2].tolist() == [3, 4]
    assert found.distances[2].tolist() == [1, 3]


def test_ties_go_by_conformity_then_index():
    """A weight of 0: the soft log-odds are all 0; conformity 0 0 1 1 1."""
    found = ranked([layer(0, 1, 9, 10, 11)], [0, 1, 1, 1, 1], 1, [1], [0])
    assert found.conformity.tolist() == [0, 0, 1, 1, 1]
    assert found.order.tolist() == [0, 1, 2, 3, 4]
    # reversed: both of conformity 0 come last among the examples
    found = ranked([layer(11, 10, 9, 1, 0)], [1, 1, 1, 1, 0], 1, [1], [0])
    assert found.order.tolist() == [3, 4, 0, 1, 2]


@pytest.mark.parametrize('weights, nearest', [([.2, .3], 2), ([3, 1], 1)])
def test_neighbours_shown_are_of_the_layer_with_most_say(weights, nearest):
    found = ranked([layer(0, 1, 9), layer(0, 9, 1)], [0, 0, 1], 2, [1, 1],
                   weights)
    assert found.nearest[0, 0] == nearest
    assert found.distances[0].tolist() == [1, 9]


@pytest.mark.parametrize('index', ['exact', 'kdtree'])
def test_as_without_each(index):
    """A DkNN that never saw the example says the same."""
    layers, labels = clusters(70)
    layers = [np.concatenate([h, h[:2]]) for h in layers]  # the same text
    labels = np.append(labels, [labels[0], (labels[1] + 1) % 3])
    found = ranked(layers, labels, 9, [1., .5], [.7, .4], 3, index)
    for i in range(len(labels)):
        rest = [np.delete(h, i, 0) for h in layers]
        own = [h[i:i + 1] for h in layers]
        dknn = DkNN(3, n_neighbors=9, index=index).fit(
            rest, np.delete(labels, i)).use_tuning([1., .5], [.7, .4])
        assert (found.votes[i] == dknn.votes(own)[0]).all()
        np.testing.assert_allclose(found.odds[i], dknn.soft_log_odds(own)[0],
                                   atol=1e-6)


def test_an_uncertain_label_is_not_a_contradicted_one(setting):
    """Odds below 0 of three classes: the others may share the rest."""
    asked = setting('bow')
    asked.suspects = debugging.Suspects(
        None, np.array([[4, 3, 3], [0, 9, 1]]),
        np.array([[-.4, -.8, -.8], [-9., 2., -3.]]), None, None,
        np.array([0, 0]))
    asked.train = asked.train.select(slice(2))
    table = debugging.contradicted(asked)
    assert table.rows[-1][1][:4] == [2, 1, 1, 1]


def test_more_neighbors_than_others():
    """k = N: all others, and no error."""
    found = ranked([layer(0, 1, 2)], [0, 1, 1], 3, [1], [1])
    assert found.votes.tolist() == [[0, 2], [1, 1], [1, 1]]


@pytest.mark.parametrize('kind', ['words', 'pair'])
def test_records_and_tables(setting, kind):
    asked = setting('bow', kind)
    records = list(debugging.records(asked))
    data = asked.run.data
    assert [r['rank'] for r in records] == list(
        range(1, len(data.train) + 1))
    assert sorted(r['index'] for r in records) == list(
        range(len(data.train)))
    odds = [r['soft_log_odds'] for r in records]
    assert odds == sorted(odds)
    for record in records[:5]:
        example = data.train[record['index']]
        assert record['texts'] == [' '.join(t) for t in example.texts]
        assert record['label'] == example.label
        assert record['index'] not in [
            near['index'] for near in record['nearest']]
        assert sum(record['votes']) == 7 * len(asked.dknn.layers_)
    counts, suspects, near, _ = debugging.measure(asked)
    assert counts.rows[-1][1][0] == len(data.train)
    assert counts.rows[-1][1][1] == sum(
        record['said'] != record['label'] for record in records)
    assert len(suspects.rows) == 20
    for (name, cells), record in zip(suspects.rows, records, strict=False):
        assert len(name) <= 80 and not CONTROL.search(name)
        assert cells[0] == record['index']
        assert cells[2] == data.label_names[record['said']]
    assert near.rows[0][1] == [len(asked.labels), 1.]


def test_a_flipped_label_is_found(setting):
    """Each in turn, with the network as it is: it comes first or nearly."""
    asked = setting('bow')
    places = []
    for i in range(0, 60, 6):
        labels = asked.train.labels.copy()
        labels[i] = 1 - labels[i]
        dknn = DkNN(2, n_neighbors=7).fit(
            asked.train.layers, labels).use_tuning(
                asked.dknn.bandwidths_, asked.dknn.weights_)
        order = debugging.rank(dknn, asked.train._replace(
            labels=labels)).order.tolist()
        places.append(order.index(i))
    assert np.mean(places) < 5  # by chance: about 40


def test_the_command_writes_jsonl_and_page(made, capsys):
    run = runs.load_run(made('bow'))
    evaluate.main(['--model-setup', str(run.folder), '--only', 'debugging',
                   '--neighbors', '7'])
    assert 'debugging.jsonl' in capsys.readouterr().out
    lines = (run.folder / 'debugging.jsonl').read_text().splitlines()
    assert len(lines) == len(run.data.train)
    tree = html5lib.parse((run.folder / 'debugging.html').read_bytes(),
                          namespaceHTMLElements=False)
    assert len(tree.findall('.//article')) == min(len(lines), 100)
