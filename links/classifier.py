"""What classifiers of texts can do, whatever their layers are.

``xs`` is everywhere what ``Texts.of`` takes: a ``Texts``, a list of int32
arrays (L_i,), or for pairs a tuple (premises, hypotheses) of two such lists.
Letters: B batch, ``L_i`` length of text i with its ``<eos>``, T = sum of L_i,
``D_l`` width of layer l, C classes, d width of the word vectors, M = sum of
(L_i - 1) variants.
"""
import compat  # noqa: F401  (before Chainer)

import chainer
import chainer.functions as F
import numpy as np

from errors import ArgumentError
from functions import devices, packing
from nlp_utils import Texts


class Classifier(chainer.Chain):
    """Predictions, activations, gradients and leave-one-out of a network.

    Calling it computes the training loss; everything else runs with dropout
    off, and without a graph unless it says otherwise.

    A subclass registers its links and defines ``n_sides``, ``layer_names``,
    ``tokens_per_batch`` and the five methods at the end.

    Args:
        n_class (int): C.

    Attributes:
        n_class (int): C.
        n_sides (int): Texts of an example: 1, or 2 for pairs.
        layer_names (list): Names of the layers, input side first.
        tokens_per_batch (int): How many tokens a batch without a graph should
            hold.
    """

    def __init__(self, n_class):
        super().__init__()
        self.n_class = n_class

    def forward(self, xs, ys):
        """Mean cross entropy of a batch; reports ``loss`` and ``accuracy``.

        Args:
            xs (Texts): B examples.
            ys (ndarray): Labels, int32 (B,), on the model's device.

        Returns:
            Variable: Float ().
        """
        return self._reported_loss(self._embed(self._texts(xs)), ys)

    def backward(self, xs, ys, adversarial=0):
        """Adds the gradient of the training loss to the parameters'.

        With ``adversarial`` also that of the loss where the word vectors e of
        each text are moved by ``adversarial * g / ||g||``, g the gradient of
        the loss there (Miyato, Dai, Goodfellow 2017, *Adversarial Training
        Methods for Semi-Supervised Text Classification*, eqs. 5 and 6; there
        the vectors are normalized first).  ``loss`` and ``accuracy`` are
        reported without it.

        Args:
            xs (Texts): B examples.
            ys (ndarray): Labels, int32 (B,), on the model's device.
            adversarial (float): At least 0; 0 does without.
        """
        texts = self._texts(xs)
        packed = self._embed(texts)
        self._reported_loss(packed, ys).backward(
            retain_grad=bool(adversarial))
        if adversarial:
            steps = [adversarial * packing.directions(e.grad, lengths)
                     for e, lengths in packed]
            moved = [(e + step, lengths) for (e, lengths), step in zip(
                self._embed(texts), steps, strict=True)]
            F.softmax_cross_entropy(self._output_at(moved), ys).backward()

    def _output_at(self, packed):
        return self._output(self._layers_from_vectors(*packed))

    def _reported_loss(self, packed, ys):
        z = self._output_at(packed)
        loss = F.softmax_cross_entropy(z, ys)
        chainer.report({'loss': loss.array,
                        'accuracy': F.accuracy(z, ys).array}, self)
        return loss

    def logits(self, xs, dropout=False):
        """Inputs of the softmax.

        Args:
            xs (Texts): B examples.
            dropout (bool): Whether dropout is on (Gal, Ghahramani 2016).

        Returns:
            Variable: Float32 (B, C), on the model's device.
        """
        texts = self._texts(xs)
        with (chainer.using_config('train', dropout),
              chainer.no_backprop_mode()):
            if dropout:  # a path of its own, for the other leaves it out
                return self._output_at(self._embed(texts))
            return self._output(self._layers_from_ids(texts))

    def predict(self, xs):
        """Probabilities of the classes.

        Args:
            xs (Texts): B examples.

        Returns:
            ndarray: Float32 (B, C), in [0, 1]; rows sum to 1.
        """
        return devices.to_numpy(F.softmax(self.logits(xs)))

    def activations(self, xs):
        """Outputs of every layer.

        Args:
            xs (Texts): B examples.

        Returns:
            list: Float32 ndarrays (B, D_l), input side first.
        """
        return self.logits_and_activations(xs)[1]

    def logits_and_activations(self, xs):
        """Both from one pass.

        Args:
            xs (Texts): B examples.

        Returns:
            tuple: Logits, float32 ndarray (B, C), and the list that
            ``activations`` returns.
        """
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            layers = self._layers_from_ids(self._texts(xs))
            z = self._output(layers)
        return devices.to_numpy(z), [devices.to_numpy(h) for h in layers]

    def leave_one_out(self, xs, side=-1):
        """Both for every text without each of its words but ``<eos>``.

        Args:
            xs (Texts): B examples, B at least 1.
            side (int): Of a pair, whose words are left out: 0 for the
                premise's, 1 or -1 for the hypothesis's.

        Returns:
            tuple: Logits, float32 ndarray (M, C), and list of float32
            ndarrays (M, D_l): text 0 without word 0, text 0 without word 1,
            ..., text 1 without word 0, ...
        """
        texts = self._texts(xs)
        lengths = texts.lengths(side)
        parts = devices.run_batches(
            lambda rows: self._leave_one_out(texts.select(rows), side),
            packing.even_parts(lengths, devices.n_parts(self, lengths.sum())),
            self)
        logits, *layers = (np.concatenate(part)
                           for part in zip(*parts, strict=True))
        return logits, layers

    def _leave_one_out(self, texts, side):
        """List of ndarrays: logits, then the layers."""
        # Set here, for a thread of its own may run this.
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            layers = self._layers_left_out(texts, side)
            z = self._output(layers)
        return [devices.to_numpy(h) for h in [z, *layers]]

    def word_gradients(self, xs, labels=None, reduce='mean'):
        """Gradient times input of each word, dropout off.

        ``s_i = - dNLL(label) / de_i . e_i``: positive where the word speaks
        for the label.  (The released code left dropout on for LSTMs.)

        Args:
            xs (Texts): B examples.
            labels (ndarray): Integers (B,); without them, the predicted
                classes.
            reduce (str): ``'mean'`` takes the gradient of the batch's mean
                NLL, as the released code does, so that a score holds a factor
                1 / B; ``'no'`` takes that of each text's own NLL, so that it
                does not depend on the batch.

        Returns:
            list: Float32 ndarrays (L_i,); of a pair, the hypothesis's.

        Raises:
            ArgumentError: If ``reduce`` is something else.
        """
        if reduce not in ('mean', 'no'):
            raise ArgumentError('reduce', reduce,
                                "is unknown; choose one of 'mean', 'no'")
        packed, gradients = self._gradients(xs, labels)
        e, lengths = packed[-1]
        scores = -(devices.to_numpy(e) * gradients[-1]).sum(axis=1)
        if reduce == 'mean':
            scores /= len(lengths)
        return np.split(scores, np.cumsum(lengths)[:-1])

    def embeddings(self, xs):
        """Word vectors, packed.

        Args:
            xs (Texts): B examples.

        Returns:
            list: For each side the vectors, float32 ndarray (T, d), and the
            lengths, integers (B,).
        """
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            return [(devices.to_numpy(e), lengths)
                    for e, lengths in self._embed(self._texts(xs))]

    def embedding_gradients(self, xs, labels=None, at=None):
        """Gradient of each example's NLL at its word vectors, dropout off.

        Args:
            xs (Texts): B examples.
            labels (ndarray): Integers (B,); without them, the classes
                predicted at the vectors used.
            at (list): For each side an array (T, d) to use in place of the
                word vectors (integrated gradients, SmoothGrad).

        Returns:
            list: For each side an ndarray (T, d).
        """
        return self._gradients(xs, labels, at)[1]

    def nll(self, xs, labels, at=None):
        """Each example's negative log likelihood, dropout off.

        Args as for ``embedding_gradients``.

        Returns:
            ndarray: Float32 (B,).
        """
        with chainer.no_backprop_mode():
            return devices.to_numpy(self._nll(xs, labels, at)[1])

    def layers_at(self, xs, at=None):
        """Outputs of every layer at given word vectors, dropout off.

        Args as for ``embedding_gradients``.

        Returns:
            list: Float32 ndarrays (B, D_l), input side first.
        """
        with chainer.no_backprop_mode():
            return [devices.to_numpy(h) for h in self._layers_at(xs, at)[1]]

    def gradients_through_layers(self, xs, slopes, at=None):
        """Gradient at the word vectors of a value of the layers, dropout off.

        Args:
            xs (Texts): B examples.
            slopes (callable): From the layers, a list of float32 ndarrays
                (B, D_l), to a list of the gradients of the value by them,
                arrays (B, D_l).
            at (list): As for ``embedding_gradients``.

        Returns:
            list: For each side an ndarray (T, d).
        """
        packed, layers = self._layers_at(xs, at)
        found = slopes([devices.to_numpy(h) for h in layers])
        moving = [(h, chainer.Variable(self.xp.asarray(slope, dtype=h.dtype)))
                  for h, slope in zip(layers, found, strict=True)
                  if np.any(slope)]
        if not moving:
            return [np.zeros(e.shape, e.dtype) for e, _ in packed]
        gradients = chainer.grad(
            [h for h, _ in moving], [e for e, _ in packed],
            [slope for _, slope in moving])
        return [devices.to_numpy(g) for g in gradients]

    def _gradients(self, xs, labels, at=None):
        """Packed word vectors of each side, as ``_embed`` returns them, and
        the gradients at them, ndarrays (T, d)."""
        packed, nll = self._nll(xs, labels, at)
        gradients = chainer.grad([F.sum(nll)], [e for e, _ in packed])
        return packed, [devices.to_numpy(g) for g in gradients]

    def _nll(self, xs, labels, at):
        """Packed word vectors of each side, as ``_embed`` returns them, and
        the NLL, a Variable (B,)."""
        packed, layers = self._layers_at(xs, at)
        with chainer.using_config('train', False):
            z = self._output(layers)
        if labels is None:
            labels = z.array.argmax(axis=1)
        labels = self.xp.asarray(labels, dtype=np.int32)
        return packed, F.softmax_cross_entropy(z, labels, reduce='no')

    def _layers_at(self, xs, at):
        """Packed word vectors of each side, as ``_embed`` returns them, and
        the layers, Variables (B, D_l)."""
        with chainer.using_config('train', False):
            packed = self._embed(self._texts(xs))
            if at is not None:
                packed = [(chainer.Variable(self.xp.asarray(e)), lengths)
                          for e, (_, lengths) in zip(at, packed, strict=True)]
            return packed, self._layers_from_vectors(*packed)

    def _texts(self, xs):
        """The examples as Texts of as many sides as the classifier takes."""
        texts = Texts.of(xs)
        if len(texts.sides) != self.n_sides:
            raise ValueError(f'{type(self).__name__} takes {self.n_sides} '
                             f'lists of texts, got {len(texts.sides)}')
        return texts

    def _embed(self, texts):
        """Packed word vectors of each side: list of ((T, d), (B,))."""
        raise NotImplementedError

    def _layers_from_vectors(self, *packed):
        """Layers, Variables (B, D_l), from what ``_embed`` returns."""
        raise NotImplementedError

    def _layers_from_ids(self, texts):
        """The same straight from the ids, without a graph."""
        raise NotImplementedError

    def _layers_left_out(self, texts, side):
        """The same for all variants, Variables (M, D_l), without a graph."""
        raise NotImplementedError

    def _output(self, layers):
        """Logits, Variable (B, C), from the layers."""
        raise NotImplementedError
