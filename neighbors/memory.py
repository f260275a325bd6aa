"""What a search of one layer keeps in memory, and how much it reads at once.

N examples of width D.  All sizes are bytes unless they say otherwise.
"""
from typing import NamedTuple

import parallel
from errors import ArgumentError
from neighbors import arrays

BLOCK_EXAMPLES = 8192    # examples of a block, at most
LEAST_EXAMPLES = 64      # ... and at least
QUERIES = 4096           # queries that share a pass over a file, at most
LEAST_QUERIES = 64
SOFT_EXAMPLES = 1024     # examples of a block of kernel sums
# A number of an example kept: float32 twice while it is sorted, float64 once
KEPT_CELL = 16
# A number of a block: read, centred, without dead columns, one block ahead
BLOCK_CELL = 16
SOFT_CELL = 32           # likewise, and as float64
QUERY_CELL = 24          # a number of a query: float64, scaled, float32
QUERY = 1 << 16          # candidates of a query, of up to 75 neighbours
EXAMPLE = 48             # norms, labels and orders of an example
PRODUCT_CELL = 16        # a number of a product and what is made of it


class Plan(NamedTuple):
    """How the examples of one layer are searched.

    Attributes:
        keeps (bool): Whether they are kept in memory; otherwise every pass
            reads them in blocks.
        block (int): Examples of a block, at least 1.
        queries (int): Queries that share a pass, at least 1.
    """

    keeps: bool
    block: int
    queries: int


def plan(n_examples, width, memory=None):
    """How to search one layer within some memory.

    Args:
        n_examples (int): N >= 1.
        width (int): D >= 1.
        memory (int): The bound, of all that the search allocates; None for
            blocks of the usual size, and nothing kept.

    Returns:
        Plan: With blocks as large, and as many queries, as fit.

    Raises:
        ArgumentError: ``memory`` is less than ``least``.
    """
    usual = usual_block(width)
    if memory is None:
        return Plan(False, usual, QUERIES)
    needed = least(n_examples, width)
    if memory < needed:
        raise ArgumentError(
            'memory', memory, f'is too little to search {n_examples} '
            f'examples of width {width}; give {needed} bytes or more')
    kept = n_examples * (KEPT_CELL * width + EXAMPLE)
    spare = memory - needed
    block = min(usual, LEAST_EXAMPLES + spare // 2 // (BLOCK_CELL * width))
    queries = min(QUERIES, LEAST_QUERIES + spare // 2 // _query(width))
    return Plan(kept + needed <= memory, max(1, block), queries)


def usual_block(width):
    """Examples of a block where there is memory enough.

    Args:
        width (int): D >= 1.

    Returns:
        int: At least 1.
    """
    return max(1, min(BLOCK_EXAMPLES, arrays.BLOCK_CELLS // width))


def least(n_examples, width):
    """The least memory within which a layer can be searched.

    Args:
        n_examples (int): N >= 1.
        width (int): D >= 1.

    Returns:
        int: Bytes.
    """
    return (n_examples * EXAMPLE
            + (BLOCK_CELL * LEAST_EXAMPLES + SOFT_CELL * SOFT_EXAMPLES) * width
            + LEAST_QUERIES * _query(width)
            + PRODUCT_CELL * arrays.CELLS * parallel.n_workers())


def share(n_examples, widths, memory):
    """What each of several layers may use, which are searched in turn.

    Blocks, products and queries are of one layer at a time; the rest is
    shared out evenly.

    Args:
        n_examples (int): N >= 1.
        widths (list of int): D of each layer.
        memory (int): The bound on all of them; None for none.

    Returns:
        int: Bytes of each layer; None without a bound.

    Raises:
        ArgumentError: ``memory`` is less than ``least_of_all``.
    """
    if memory is None:
        return None
    needed = least_of_all(n_examples, widths)
    if memory < needed:
        raise ArgumentError(
            'memory', memory, f'is too little to search {n_examples} '
            f'examples in {len(widths)} layers; give {needed} bytes or more')
    shared = max(least(n_examples, D) for D in widths) - n_examples * EXAMPLE
    return shared + (memory - shared) // len(widths)


def least_of_all(n_examples, widths):
    """The least memory within which several layers can be searched in turn.

    Args:
        n_examples (int): N >= 1.
        widths (list of int): D of each layer.

    Returns:
        int: Bytes.
    """
    return (max(least(n_examples, D) for D in widths)
            + (len(widths) - 1) * n_examples * EXAMPLE)


def _query(width):
    return QUERY + QUERY_CELL * width
