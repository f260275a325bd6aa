"""Several processes that train one network, through ChainerMN.

All draw the same order of the examples; each takes its share of every
mini-batch, and steps by the mean of the gradients, weighted by the sizes of
the shares.  So all have the same parameters, those that one process would
have but for rounding and for the noise of dropout, which each draws itself.

ChainerMN's own optimizer is not used: its first step only sends parameters,
and its mean takes all shares for equally large.
"""
import compat  # noqa: F401  (before Chainer)

import importlib.util
from typing import NamedTuple

import chainer
import numpy as np

from errors import MissingPackage, UserError
from functions import devices
from runs.processes import Processes

# Those of ChainerMN's communicators that can be named, and whether they need
# GPUs
COMMUNICATORS = {'naive': False, 'pure_nccl': True}


class Team(NamedTuple):
    """Processes, and how they take the mean of gradients.

    Attributes:
        processes (Processes): All of them.
        communicator (chainermn.CommunicatorBase): None for one process.
    """

    processes: Processes = Processes()
    communicator: object = None

    def share(self, batch):
        """This process's part of what all have.

        Args:
            batch (list): Any objects.

        Returns:
            list: Every n-th of them; empty for some processes where there are
            more processes than objects.
        """
        return batch[self.processes.rank::self.processes.size]

    def gpu(self, first):
        """Which GPU this process takes.

        Args:
            first (int): The first one of a computer, -1 for the CPU.

        Returns:
            int: As many further as there are lower ranks on this computer,
            from GPU 0 again after the last; -1 for the CPU.
        """
        n = devices.count_gpus()[0] if first >= 0 and self.communicator else 0
        return (first + self.communicator.intra_rank) % n if n else first

    def send_parameters(self, model):
        """Gives all rank 0's parameters.

        Args:
            model (chainer.Chain): The network of this process.
        """
        if self.communicator:
            self.communicator.bcast_data(model)

    def backward(self, model, batch, run):
        """Makes gradients, and reports, those of a mini-batch of all.

        Args:
            model (chainer.Chain): Its gradients are empty.
            batch (list): The mini-batch, not empty, the same for all.
            run (callable): Adds the mean gradient of a part of it to the
                network's, and reports means over that part.
        """
        if not self.communicator:
            run(batch)
            return
        own, found = self.share(batch), {}
        if own:
            with chainer.reporter.report_scope(found):
                run(own)
        # The communicator sums, and divides by the number of processes
        if len(own) * self.processes.size != len(batch):
            factor = len(own) * self.processes.size / len(batch)
            for parameter in model.params():
                if parameter.grad is not None:
                    parameter.grad *= factor
        self.communicator.multi_node_mean_grad(model, zero_fill=True)
        chainer.report(self._mean(found, len(own) / len(batch)))

    def _mean(self, found, weight):
        """Sums of what all found, each times its weight."""
        sums = {}
        for part in self.processes.allgather(
                {name: weight * float(value)
                 for name, value in found.items()}):
            for name, value in part.items():
                sums[name] = sums.get(name, 0) + value
        return sums

    def check_same(self, key):
        """Sees to it that all read the same data and settings.

        Args:
            key (str): What ``runs.folder.setup_key`` gave.

        Raises:
            UserError: If a process has another one than rank 0.
        """
        keys = self.processes.allgather(key)
        others = [rank for rank, other in enumerate(keys) if other != keys[0]]
        if others:
            raise UserError(
                f'process {others[0]} read other data, or has another version '
                'of this program, than process 0; all need the same files '
                'under the same paths')


class Randomness:
    """What a training draws: the order of the examples, and dropout.

    One process draws both from NumPy's generator.  Of several, each draws
    the order from a generator of its own, seeded alike, and dropout from
    NumPy's, seeded differently.  Without dropout the order is that of one
    process.

    Args:
        model (chainer.Chain): The network, on its device.
        seed (int): Of all of it.
        processes (Processes): All of them.

    Attributes:
        order (numpy.random.RandomState): Of the order; None for NumPy's.
    """

    def __init__(self, model, seed, processes):
        self._model, self._seed, self._rank = model, seed, processes.rank
        self.order = np.random.RandomState() if processes.size > 1 else None

    def start(self, epoch):
        """Seeds one epoch: a resumed run then goes on as if it had never
        stopped.

        Args:
            epoch (int): Number of finished epochs.
        """
        common = _state(self._seed, epoch)
        if self.order is None:
            devices.seed(self._model, common)
        else:
            self.order.seed(common)
            devices.seed(self._model,
                         _state(self._seed, epoch, 1 + self._rank))


def _state(*numbers):
    return np.random.SeedSequence(numbers).generate_state(4)


def make_team(name, gpu, processes):
    """Processes that can train together.

    Args:
        name (str): A key of ``COMMUNICATORS``; None for one process.
        gpu (int): Number of a GPU, -1 for the CPU.
        processes (Processes): All of them.

    Returns:
        Team: Of one process where there is one.

    Raises:
        UserError: If several processes have no communicator, or one that
            does not work here.
        MissingPackage: If mpi4py is not installed.
    """
    if name is None:
        if processes.size > 1:
            raise UserError(
                f'{processes.size} processes were started, but not told how '
                'to train together; give --communicator naive (pure_nccl on '
                'GPUs), or start one process')
        return Team(processes)
    if importlib.util.find_spec('mpi4py') is None:
        raise MissingPackage('mpi4py', '-r requirements-mpi.txt',
                             '--communicator')
    if COMMUNICATORS[name] and gpu < 0:
        raise UserError(f'--communicator {name} needs GPUs; give --gpu 0, or '
                        '--communicator naive on CPUs')
    if processes.size == 1:
        return Team(processes)
    import chainermn
    try:
        return Team(processes,
                    chainermn.create_communicator(name, processes.comm))
    except RuntimeError as error:  # no NCCL
        raise UserError(f'--communicator {name} cannot be used ({error}); '
                        'take --communicator naive') from error
