"""Chainer links: the encoders of texts."""
