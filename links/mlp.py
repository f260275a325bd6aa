"""Fully connected layers, which several networks end in."""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import chainer.links as L


def numbered(name, layers):
    """Names of several layers of one kind.

    Args:
        name (str): Name of the kind.
        layers (ChainList): The layers.

    Returns:
        list: ``['mlp 1', 'mlp 2', ...]`` for the name ``'mlp'``.
    """
    return [f'{name} {i}' for i in range(1, len(layers) + 1)]


class MLP(chainer.ChainList):
    """Fully connected layers of one width with ReLU.

    Args:
        n_layers (int): Number of layers.
        n_units (int): Width of the input and of every layer.
        dropout (float): Ratio dropped in front of every layer, in [0, 1).

    Attributes:
        dropout (float): That ratio.
    """

    def __init__(self, n_layers, n_units, dropout):
        super().__init__(*(L.Linear(n_units, n_units)
                           for _ in range(n_layers)))
        self.dropout = dropout

    def forward(self, h):
        """Outputs of all layers.

        Args:
            h (Variable): Floats (B, n_units).

        Returns:
            list: Variables (B, n_units), one of each layer.
        """
        hs = []
        for layer in self:
            h = F.relu(layer(F.dropout(h, self.dropout)))
            hs.append(h)
        return hs
