"""One index for each searched layer of a network.

``activations`` is a list of L arrays (B, D_l), one a layer, input side first.
"""
import contextlib
import copy
import functools
import pathlib
from typing import NamedTuple

import numpy as np

from errors import ArgumentError, UserError
from neighbors import memory as plans
from neighbors.arrays import (
    BLOCK_CELLS,
    NotFinite,
    as_float16,
    as_float32,
    check_finite,
    slices,
)
from neighbors.devices import device_of
from neighbors.indexes import INDEXES

BATCH = 4096  # examples whose neighbours are held at a time
SHOWN = 8  # shapes in a message


class Neighbors(NamedTuple):
    """Nearest training examples, by (distance, index) in each layer.

    Attributes:
        indices (ndarray): int64 (B, n_layers, k) in [0, N).
        distances (ndarray): float64 (B, n_layers, k), Euclidean.
    """

    indices: np.ndarray
    distances: np.ndarray


class LayerIndexes:
    """Indexes over the activations of the searched layers.

    Args:
        index (str, callable or object): As for ``DkNN``.
        layers (str or list): As for ``DkNN``.
        options (dict): ``index_options`` of ``DkNN``.
        memory (int): As for ``DkNN``.
        device (module): Likewise.

    Attributes:
        layers_ (tuple): Numbers of the layers searched, in [0, L).
        indexes_ (list): One fitted index a searched layer.
        widths_ (list of int): Width of each searched layer.
        n_layers_ (int): L, layers of the network.
        halves_ (tuple of int): Those searched layers that were given as
            float16.

    Raises:
        ArgumentError: ``index`` or ``layers`` is an unknown name, there are
            options for an index that has no name, ``memory`` is given with
            another index than ``'exact'``, or the device cannot be used.
    """

    def __init__(self, index, layers, options=None, memory=None,
                 device=None):
        if isinstance(index, str) and index not in INDEXES:
            raise ArgumentError('index', index, 'is unknown; choose from '
                                + ', '.join(INDEXES))
        if isinstance(layers, str) and layers not in ('all', 'last'):
            raise ArgumentError('layers', layers, "is unknown; give 'all', "
                                "'last' or a list of numbers")
        if options and not isinstance(index, str):
            raise ArgumentError('index_options', options, 'go with the name '
                                'of an index; give them to the index itself')
        if memory is not None and index != 'exact':
            raise ArgumentError(
                'memory', memory, f'bounds no search by the index {index}, '
                "which copies all examples; take 'exact'")
        self._index = index
        self._layers = layers
        self._options = options or {}
        self._memory = memory
        self._device = device_of(device) if index == 'exact' else None

    def fit(self, activations, labels=None):
        """Indexes all layers that are to be searched.

        Args:
            activations (list): L arrays (N, D_l).
            labels (ndarray): Integers (N,), for an index that stores them.

        Returns:
            LayerIndexes: This instance.

        Raises:
            ArgumentError: The network has no such layers.
        """
        return self._learn(activations, labels, lambda index, layer: index.fit(
            activations[layer]))

    def save(self, folder):
        """Writes the index of every searched layer.

        Args:
            folder (str or Path): An existing folder.
        """
        for layer, index in zip(self.layers_, self.indexes_, strict=True):
            index.save(self._path(folder, layer))

    def load(self, folder, activations, labels=None):
        """``fit``, but with the indexes that ``save`` wrote.

        Args:
            folder (str or Path): Written with the same options and examples.
            activations (list): As for ``fit``.
            labels (ndarray): Likewise.

        Returns:
            LayerIndexes: This instance.

        Raises:
            ArgumentError: The network has no such layers.
            UserError: A file indexes an array of another shape.
        """
        return self._learn(
            activations, labels, lambda index, layer: index.load(
                self._path(folder, layer), activations[layer]))

    def neighbors(self, activations, k, chosen=None):
        """The neighbours in all searched layers, batch after batch.

        Args:
            activations (list): L arrays (B, D_l).
            k (int): Neighbours a layer.
            chosen (ndarray): Integers (b,) in [0, B), the examples to
                search; None: all.

        Yields:
            tuple: What selects the examples of the batch (a slice or
            indices), and their ``Neighbors``.
        """
        for rows, found in self._search(activations, ranked, k, chosen):
            distances, indices = zip(*found, strict=True)
            yield rows, Neighbors(np.stack(indices, axis=1),
                                  np.stack(distances, axis=1))

    def neighbor_sets(self, activations, k):
        """The same neighbours without their distances and their order.

        Args:
            activations (list): L arrays (B, D_l).
            k (int): Neighbours a layer.

        Yields:
            tuple: The slice of the examples of the batch, and a list of the
            indices of their neighbours, int64 (b, k), one a searched layer.
        """
        yield from self._search(activations, unordered, k)

    def in_batches(self, activations, ask):
        """What something says of all layers, batch after batch.

        Args:
            activations (list): L arrays (B, D_l).
            ask (callable): Function of L arrays (b, D_l).

        Yields:
            tuple: The slice of the examples of the batch, and what ``ask``
            returned for them.
        """
        for rows in slices(len(activations[0]), BATCH):
            with naming_rows(activations):
                yield rows, ask([h[rows] for h in activations])

    def _search(self, activations, find, k, chosen=None):
        """What ``find`` returns for each layer, batch after batch."""
        n = len(activations[0]) if chosen is None else len(chosen)
        for batch in slices(n, BATCH):
            rows = batch if chosen is None else chosen[batch]
            with naming_rows(activations):
                found = [find(index, activations[layer][rows], k)
                         for layer, index in zip(self.layers_, self.indexes_,
                                                 strict=True)]
            yield rows, found

    def _learn(self, activations, labels, make):
        layers = self._choose(len(activations))
        self.widths_ = [activations[layer].shape[1] for layer in layers]
        share = plans.share(len(activations[0]), self.widths_, self._memory)
        with naming_rows(activations):
            self.indexes_ = [make(self._new_index(labels, share), layer)
                             for layer in layers]
        self.layers_ = layers
        self.n_layers_ = len(activations)
        self.halves_ = tuple(layer for layer in layers
                             if activations[layer].dtype == np.float16)
        return self

    def rounded(self, activations):
        """Queries as the examples are: rounded to float16 where they are.

        An example is at distance 0 from itself, then.

        Args:
            activations (list): L arrays (B, D_l).

        Returns:
            list: L arrays (B, D_l), the same where nothing is rounded.

        Raises:
            UserError: A number is beyond float16.
        """
        return [as_float16(h, f'layer {layer}') if layer in self.halves_
                else h for layer, h in enumerate(activations)]

    def _new_index(self, labels, share):
        options = {name: value for name, value in [
            ('memory', share), ('device', self._device)] if value is not None}
        make = (functools.partial(INDEXES[self._index],
                                  **{**self._options, **options})
                if isinstance(self._index, str) else self._index)
        index = make() if callable(make) else copy.deepcopy(make)
        if getattr(index, 'stores_labels', False):
            index.labels = labels
        return index

    def _path(self, folder, layer):
        name = self._index if isinstance(self._index, str) else 'index'
        return pathlib.Path(folder) / f'layer{layer}.{name}'

    def _choose(self, n_layers):
        """The layers' numbers, counted from 0."""
        named = {'all': range(n_layers), 'last': [n_layers - 1]}
        layers = (named[self._layers] if isinstance(self._layers, str)
                  else list(self._layers))
        chosen = tuple(range(n_layers)[layer] for layer in layers
                       if -n_layers <= layer < n_layers)
        if not chosen or len(set(chosen)) < len(layers):
            raise ArgumentError(
                'layers', self._layers, 'does not fit: the network has '
                f'{n_layers} layers; give different numbers from 0 to '
                f'{n_layers - 1}')
        return chosen


def as_layers(activations, n_layers=None):
    """The layers as arrays with one number of rows.

    Args:
        activations (list): Array-likes (B, D_l).
        n_layers (int): L; None: any number but 0.

    Returns:
        list: The arrays (B, D_l).

    Raises:
        UserError: The shapes or the number of layers do not fit.
    """
    if getattr(activations, 'ndim', 3) != 3:  # 3: layers on top of each other
        raise UserError(
            f'activations are one array of shape {tuple(activations.shape)}, '
            'but must be a list of arrays, one a layer; give [array]')
    activations = [h if isinstance(h, np.ndarray) else np.asarray(h)
                   for h in activations]
    sizes = {len(h) if h.ndim == 2 else -1 for h in activations}
    if len(sizes) != 1 or -1 in sizes:
        shapes = ', '.join(str(h.shape) for h in activations[:SHOWN])
        more = len(activations) - SHOWN
        raise UserError(
            f'activations have the shapes [{shapes}'
            + (f', and {more:,} more' if more > 0 else '')
            + '], but there must be one (examples, width) a layer, with the '
            'same number of examples')
    if n_layers not in (None, len(activations)):
        raise UserError(f'{len(activations)} layers, but fit() was given '
                        f'{n_layers}; give all layers of that network')
    return activations


@contextlib.contextmanager
def naming_rows(activations):
    """Says in which row of which layer a number is not finite.

    Whoever finds one knows its own part of the rows only.

    Args:
        activations (list): Arrays (B, D_l).

    Yields:
        None: What is done with them.

    Raises:
        NotFinite: As the block raised it, with layer and row.
    """
    try:
        yield
    except NotFinite:
        for layer, h in enumerate(activations):
            for rows in slices(len(h), BLOCK_CELLS // h.shape[1]):
                check_finite(as_float32(h[rows]), rows, f'layer {layer}')
        raise


def as_neighbors(found, n_layers, k, n_examples):
    """Neighbours as arrays that can be those of a search.

    Args:
        found (Neighbors): Indices and distances, (B, n_layers, k) each.
        n_layers (int): Number of searched layers.
        k (int): Neighbours a layer.
        n_examples (int): N, the number of training examples.

    Returns:
        Neighbors: The same.

    Raises:
        UserError: Shapes, dtype or range of the indices are not as above.
    """
    indices, distances = map(np.asarray, found)
    shape = (len(indices) if indices.ndim else 0, n_layers, k)
    if not indices.shape == distances.shape == shape:
        raise UserError(
            f'neighbours have the shapes {indices.shape} and '
            f'{distances.shape}, but both must be (examples, {n_layers}, '
            f'{k}); give what search() of this DkNN returned')
    if indices.dtype.kind not in 'iu' or (indices.size and not (
            0 <= indices.min() and indices.max() < n_examples)):
        raise UserError(
            'indices of neighbours must be integers from 0 to '
            f'{n_examples - 1}; give what search() of this DkNN returned')
    return Neighbors(indices, distances)


def ranked(index, Q, k):
    """Distances and indices, (B, k) each, with any index."""
    distances, indices = index.kneighbors(Q, k)
    indices = np.asarray(indices)
    if indices.size and indices.min() < 0:
        raise ValueError(f'{type(index).__name__} found fewer than {k} '
                         'neighbours; its kneighbors() must fill them in')
    return distances, indices


def unordered(index, Q, k):
    """Indices (B, k) in any order, with any index."""
    if hasattr(index, 'neighbor_sets'):
        return index.neighbor_sets(Q, k)
    return ranked(index, Q, k)[1]
