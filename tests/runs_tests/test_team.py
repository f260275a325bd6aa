"""Several processes train what one process trains."""
import compat  # noqa: F401  (before Chainer)

import json
import os

import chainer
import mpi
import numpy as np
import pytest
import toys

import runs
import train
from errors import MissingPackage, UserError
from runs import team as runs_team
from runs import trainer
from runs.processes import Processes
from runs.team import Randomness, Team, make_team

BEST = trainer.BEST
TOGETHER = '--communicator', 'naive'


def log_of(folder):
    return json.loads((folder / 'log').read_text())


def arrays(folder, file='snapshot'):
    """Parameters, averages and moments; no times, no logs."""
    return {name: array for name, array in toys.parameters(
        folder / file).items() if array.ndim}


# ------------------------------------------------------------ without MPI

class Others:
    """A communicator that writes down what it is given."""

    def __init__(self, gradients):
        self.gradients = gradients

    def multi_node_mean_grad(self, model, zero_fill):
        self.gradients.append(model.w.grad)  # what this rank gives
        assert zero_fill


class Line(chainer.Chain):
    """A network of one number w; its loss is the mean of w times x."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.w = chainer.Parameter(np.zeros((), np.float32))

    def run(self, xs):
        self.w.grad = np.array(np.mean(xs), np.float32)
        chainer.report({'loss': np.mean(xs)}, self)


class Ranked(Processes):
    """One of two ranks; what the other found is known."""

    def __init__(self, rank, other):
        super().__init__(rank, 2)
        self.other = other

    def allgather(self, value):
        found = [value, self.other]
        return found if self.is_root else found[::-1]


def test_weights_by_hand():
    """Of 1, 2, 6 rank 0 has 1 and 6, mean 7/2, rank 1 has 2.

    ChainerMN takes the mean of what both give: 7/2 * 4/3 and 2 * 2/3, whose
    mean is 3, that of all.
    """
    given, reporter = [], chainer.Reporter()
    for rank, other in [(0, {'main/loss': 2 / 3}), (1, {'main/loss': 7 / 3})]:
        model = Line()
        reporter.add_observer('main', model)
        with reporter:
            Team(Ranked(rank, other), Others(given)).backward(
                model, [1., 2., 6.], model.run)
        assert reporter.observation['main/loss'] == pytest.approx(3)
    assert given == [pytest.approx(14 / 3), pytest.approx(4 / 3)]
    assert np.mean(given) == pytest.approx(3)


def test_a_share_may_be_empty():
    """Its gradients are None, which ChainerMN takes for zeros."""
    given, model = [], Line()
    model.cleargrads()
    reporter = chainer.Reporter()
    with reporter:
        Team(Ranked(1, {'main/loss': 5.}), Others(given)).backward(
            model, [5.], model.run)
    assert given == [None]
    assert reporter.observation == {'main/loss': 5.}


def test_shares_are_all_and_disjoint():
    shares = [Team(Processes(rank, 3)).share(list(range(7)))
              for rank in range(3)]
    assert shares == [[0, 3, 6], [1, 4], [2, 5]]


def test_one_order_and_different_noise():
    """The order is that of one process without dropout, too."""
    drawn = []
    for rank, size in [(0, 1), (0, 2), (1, 2)]:
        made = Randomness(Line(), 7, Processes(rank, size))
        orders, noise = [], []
        for epoch in range(2):
            made.start(epoch)
            sampler = chainer.iterators.ShuffleOrderSampler(made.order)
            orders.append(sampler(np.arange(20), 0).tolist())
            noise.append(np.random.rand(20).tolist())
        drawn.append((orders, noise))
    orders, noise = zip(*drawn, strict=True)
    assert orders[0] == orders[1] == orders[2]
    assert orders[0][0] != orders[0][1]
    assert len({str(part) for both in noise for part in both}) == 6


def test_processes_that_read_other_data():
    class Apart(Processes):
        def allgather(self, value):
            return ['a', 'a', 'b']

    with pytest.raises(UserError, match='process 2 read other data'):
        Team(Apart()).check_same('a')
    Team().check_same('a')


def test_what_cannot_train_together(monkeypatch):
    monkeypatch.setattr(runs_team.importlib.util, 'find_spec',
                        lambda name: object())
    with pytest.raises(UserError, match='^4 processes were started, but'):
        make_team(None, -1, Processes(0, 4))
    with pytest.raises(UserError, match='pure_nccl needs GPUs; give --gpu 0'):
        make_team('pure_nccl', -1, Processes(0, 4))
    one = Processes()
    assert make_team('naive', -1, one) == make_team(None, -1, one) == (
        one, None)
    monkeypatch.setattr(runs_team.importlib.util, 'find_spec',
                        lambda name: None)
    with pytest.raises(MissingPackage, match='^--communicator needs mpi4py, '
                       'which is not installed: pip install -r '
                       'requirements-mpi.txt$'):
        make_team('naive', -1, Processes())


# --------------------------------------------------------------- with MPI

# Shares of 8 and 7 texts; of one text and none
RUNS = {'cnn': ['--model', 'cnn', '--batchsize', '15'],
        'bilstm': ['--model', 'bilstm', '--batchsize', '15', '--adversarial',
                   '1'],
        'bow': ['--model', 'bow', '--batchsize', '1', '--adversarial', '0',
                '--learning-rate', '0.0001', '--epoch', '1']}


def flags_of(name, toy, out, *more):
    return ['--dataset', str(toy), '--out', str(out), *toys.SMALL, '--dropout',
            '0', '--average', '.9', '--adversarial', '0', *RUNS[name], *more]


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    return toys.write_csv(tmp_path_factory.mktemp('team') / 'toy.csv',
                          toys.sentences())


@pytest.fixture(scope='module')
def trained(toy, tmp_path_factory):
    """Folders of the same trainings by one process and by two, and the
    parameters of each rank."""
    place = tmp_path_factory.mktemp('trained')
    one, two = place / 'one', place / 'two'
    longer = '--epoch', '3', '--resume'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chainer.functions, 'dropout', lambda x, *args, **k: x)
        patch.setattr(trainer, 'VALIDATION_BATCH', 5)
        patch.setattr(train, 'report', lambda *args: None)  # no figures
        for name in RUNS:
            train.main(flags_of(name, toy, one))
        train.main(flags_of('cnn', toy, place / 'went_on'))
        train.main(flags_of('cnn', toy, one, *longer))
        (place / 'flags.json').write_text(json.dumps(
            [[*flags_of(name, toy, two), *TOGETHER] for name in RUNS]
            + [[*flags_of('cnn', toy, place / 'went_on', *longer),
                *TOGETHER]]))
        done = mpi.start(2, toys.ROOT / 'tests/runs_tests/trained_together.py',
                         place / 'flags.json')
        assert done.returncode == 0, done.stderr
        train.main(flags_of('cnn', toy, two, *longer))
    return one, two, place / 'went_on', json.loads(
        done.stdout.splitlines()[-1])


@mpi.needs_mpi
@pytest.mark.parametrize('name', sorted(RUNS))
def test_two_processes_train_what_one_does(trained, name):
    one, two, *_ = trained
    ours, theirs = (folder / f'toy_{name}' for folder in (one, two))
    assert len(log_of(ours)) == len(log_of(theirs)) == (
        {'cnn': 3, 'bilstm': 2, 'bow': 1}[name])
    for a, b in zip(log_of(ours), log_of(theirs), strict=True):
        for key in ('main/loss', 'validation/main/loss'):
            assert a[key] == pytest.approx(b[key], rel=1e-5)
        for key in ('main/accuracy', BEST, 'iteration'):
            assert a[key] == pytest.approx(b[key], abs=1e-6)
    for file in ('snapshot', 'best_model.npz'):
        a, b = arrays(ours, file), arrays(theirs, file)
        assert a.keys() == b.keys()
        assert len(a) >= 6
        for key in a:
            assert a[key] == pytest.approx(b[key], abs=1e-4), key
    for file in ('vocab.json', 'calib.json'):
        assert (ours / file).read_bytes() == (theirs / file).read_bytes()
    stored = [json.loads((folder / 'args.json').read_text())
              for folder in (ours, theirs)]
    assert [s.pop('processes') for s in stored] == [1, 2]
    for each in stored:
        del each['datetime']
    assert stored[0] == stored[1]


@mpi.needs_mpi
def test_two_go_on_where_one_stopped(trained):
    one, _, went_on, _ = trained
    ours, theirs = log_of(one / 'toy_cnn'), log_of(went_on / 'toy_cnn')
    assert [entry['epoch'] for entry in theirs] == [1, 2, 3]
    assert [entry['main/loss'] for entry in theirs] == pytest.approx(
        [entry['main/loss'] for entry in ours], rel=1e-5)


@mpi.needs_mpi
def test_all_have_the_same_parameters(trained):
    *_, found = trained
    assert len(found) == 2 and len(found[0]) == len(RUNS) + 1
    assert found[0] == found[1]
    assert len(set(found[0])) == len(found[0])


@mpi.needs_mpi
def test_rank_0_prints_and_writes_alone(toy, tmp_path):
    done = mpi.start(2, toys.ROOT / 'train.py', '--dataset', toy, '--out', '.',
                     *toys.SMALL, *TOGETHER, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, '')
    assert '\033' not in done.stdout
    for line in ('toy.csv: 200 rows; train 126, valid 18, calib 36, test 20',
                 'best epoch ', 'wrote '):
        assert done.stdout.count(line) == 1
    assert [entry['epoch'] for entry in log_of(tmp_path / 'toy_cnn')] == [1, 2]
    assert os.listdir(tmp_path) == ['toy_cnn']
    assert runs.load_run(tmp_path / 'toy_cnn').args['processes'] == 2


BREAK = '''
import os, signal, sys
import text_datasets, train, runs
from errors import UserError
from runs import trainer
from runs.processes import processes

def data(*args, **keys):
    raise UserError('toy.csv:3 is damaged')

def step(batch, device):
    raise RuntimeError('a bug')

def die(batch, device):
    steps.append(len(batch))
    if len(steps) == 12:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(batch, device)

real, steps = trainer.convert, []
if processes().rank in map(int, sys.argv[2]):
    module, name, fail = {
        'data': (text_datasets, 'load_dataset', data),
        'step': (trainer, 'convert', step),
        'kill': (trainer, 'convert', die)}[sys.argv[1]]
    setattr(module, name, fail)
runs.run_script(lambda: train.main(sys.argv[3:]))
'''


@mpi.needs_mpi
@pytest.mark.parametrize('what, ranks, code, said', [
    ('data', '01', 2, 'error: toy.csv:3 is damaged'),
    ('step', '1', 1, 'RuntimeError: a bug'),
    ('kill', '1', 137, '')])
def test_one_that_fails_ends_all(what, ranks, code, said, toy, tmp_path):
    """Within seconds, with one message, and a rerun works."""
    flags = ['--dataset', toy, '--out', tmp_path, *toys.SMALL]
    done = mpi.start(2, '-c', BREAK, what, ranks, *flags, *TOGETHER)
    assert done.returncode == code, done.stderr
    assert not said or done.stderr.count(said) == 1
    assert done.stderr.count('Traceback') == (what == 'step')
    assert (tmp_path / 'toy_cnn' / 'snapshot').exists() is (what == 'kill')
    if what == 'kill':
        assert [e['epoch'] for e in log_of(tmp_path / 'toy_cnn')] == [1]
    toys.fit(tmp_path, toy, *(['--resume'] if what == 'kill' else []))
    assert [e['epoch'] for e in log_of(tmp_path / 'toy_cnn')] == [1, 2]
    assert os.listdir(tmp_path) == ['toy_cnn']
