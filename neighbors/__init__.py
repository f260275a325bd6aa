"""Nearest-neighbour indexes over the activations of one layer."""
from neighbors.base import NeighborIndex
from neighbors.exact import ExactIndex
from neighbors.indexes import INDEXES, KDTreeIndex, LSHIndex
from neighbors.lists import HNSWIndex, IVFIndex
from neighbors.milvus import MilvusIndex

__all__ = ['INDEXES', 'ExactIndex', 'HNSWIndex', 'IVFIndex', 'KDTreeIndex',
           'LSHIndex', 'MilvusIndex', 'NeighborIndex']
