"""Chainer functions over packed texts, for a CPU or a GPU, and Adam."""
