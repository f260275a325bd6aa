"""Who this process is among those that mpiexec started."""
import contextlib
import functools
import os
import sys
import time

from errors import MissingPackage, UserError

# What mpiexec tells each process: how many there are (Open MPI; MPICH, Intel
# MPI, srun; MVAPICH)
SIZES = 'OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'MV2_COMM_WORLD_SIZE'
# Likewise srun, but perhaps of processes that have nothing to do with each
# other
SLURM = 'SLURM_STEP_NUM_TASKS'
TURN = .5  # seconds
MOST_TURNS = 10


class Processes:
    """Processes that run the same command together.

    Every method but ``abort`` is called by all of them.  One process needs
    no MPI.

    Args:
        rank (int): Which one this is, from 0.
        size (int): How many there are.
        comm (mpi4py.MPI.Comm): How they talk; None for one process.

    Attributes:
        rank, size, comm (object): As given.
        is_root (bool): Whether this is the one that prints and writes.
    """

    def __init__(self, rank=0, size=1, comm=None):
        self.rank, self.size, self.comm = rank, size, comm
        self.is_root = rank == 0

    def bcast(self, value):
        """Rank 0's value, for all."""
        return self.comm.bcast(value) if self.comm else value

    def gather(self, value):
        """The list of all values by rank, for rank 0; None for the others."""
        return self.comm.gather(value) if self.comm else [value]

    def allgather(self, value):
        """The list of all values by rank, for all."""
        return self.comm.allgather(value) if self.comm else [value]

    def alltoall(self, values):
        """What every process, by rank, has for this one.

        Args:
            values (list): What this process has for each, by rank.

        Returns:
            list: By rank.
        """
        return self.comm.alltoall(values) if self.comm else values

    def on_root(self, work):
        """What rank 0's work returns or raises, for all.

        Args:
            work (callable): Called by rank 0, without arguments.

        Returns:
            object: What it returned, which can be pickled.

        Raises:
            Exception: What it raised.
        """
        value = error = None
        if self.is_root:
            try:
                value = work()
            except Exception as raised:
                error = raised
        value, error = self.bcast((value, error))
        if error is not None:
            raise error
        return value

    def barrier(self):
        """Waits for all."""
        if self.comm:
            self.comm.barrier()

    @contextlib.contextmanager
    def root_first(self):
        """Runs a block on rank 0, then on the others.

        Yields:
            None: To the others when rank 0 has left the block.
        """
        if not self.is_root:
            self.barrier()
        yield
        if self.is_root:
            self.barrier()

    def abort(self, message, code=1):
        """Says why on standard error and ends all processes.

        What all fail with is said once, by rank 0: each waits for its turn,
        and the first one ends the others.

        Args:
            message (str): Empty for nothing.
            code (int): Exit code.
        """
        if self.comm:
            time.sleep(TURN * min(self.rank, MOST_TURNS))
        if message and not self.is_root:
            message = f'process {self.rank} of {self.size}: {message}'
        if message:
            print(message, flush=True,
                  file=sys.stderr if self.is_root else sys.__stderr__)
        if self.comm:
            if sys.stdout is not None:
                sys.stdout.flush()  # no exit of Python's follows
            self.comm.Abort(code)
        sys.exit(code)


@functools.cache
def processes():
    """The processes that mpiexec started with this one.

    Returns:
        Processes: One process where mpiexec started one, or did not start
        this; also of those of srun where mpi4py is not installed.

    Raises:
        MissingPackage: If mpiexec started several, and mpi4py is not
            installed: all of them would write the same files.
        UserError: If mpi4py finds no MPI library.
    """
    size = max(map(_number, SIZES))
    if max(size, _number(SLURM)) < 2:
        return Processes()
    try:
        from mpi4py import MPI
    except ImportError as error:
        if size < 2:
            return Processes()
        raise MissingPackage('mpi4py', '-r requirements-mpi.txt',
                             f'a command in {size} processes') from error
    except RuntimeError as error:
        reason = str(error).partition('\n')[0]
        raise UserError(f'mpi4py cannot be used ({reason}); install the MPI '
                        'that mpiexec belongs to, or start one process '
                        'without mpiexec') from error
    world = MPI.COMM_WORLD
    if world.size == 1:  # started side by side, not together
        return Processes()
    return Processes(world.rank, world.size, world)


def _number(name):
    """How many processes a variable of the environment speaks of."""
    return int(os.environ.get(name) or 1)
