"""Who this process is among those that mpiexec started."""
import contextlib
import functools
import os
import sys
import time

from errors import UserError

# What mpiexec, or srun, tells each process: how many there are
SIZES = ('OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'MV2_COMM_WORLD_SIZE',
         'SLURM_STEP_NUM_TASKS')
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

    def barrier(self):
        """Waits for all."""
        if self.comm:
            self.comm.Barrier()

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

        What all fail with is said once: each waits for its turn, and the
        first one ends the others.

        Args:
            message (str): Empty for nothing.
            code (int): Exit code.
        """
        if self.comm:
            time.sleep(TURN * min(self.rank, MOST_TURNS))
        if message:
            print(message, file=sys.stderr, flush=True)
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
        this, or mpi4py is not installed.

    Raises:
        UserError: If mpi4py finds no MPI library.
    """
    if all(int(os.environ.get(name) or 1) < 2 for name in SIZES):
        return Processes()
    try:
        from mpi4py import MPI
    except ImportError:
        return Processes()
    except RuntimeError as error:
        reason = str(error).partition('\n')[0]
        raise UserError(f'mpi4py cannot be used ({reason}); install the MPI '
                        'that mpiexec belongs to, or start one process '
                        'without mpiexec') from error
    world = MPI.COMM_WORLD
    if world.size == 1:  # started side by side, not together
        return Processes()
    return Processes(world.rank, world.size, world)
