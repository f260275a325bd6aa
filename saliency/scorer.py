"""Scores of the words of texts, by the methods of ``saliency.methods``.

The network, its neighbours and its temperature meet here.
"""
import compat  # noqa: F401  (before Chainer)

import numpy as np

from errors import ArgumentError
from runs import forward
from saliency import attribution, coalitions
from saliency.batches import batch_of, consecutive_batches
from saliency.methods import (
    METHODS,
    LeaveOneOut,
    Mean,
    Scores,
    Shapley,
    all_options,
)


class WordScorer:
    """Scores the words of texts by any method.

    Args:
        run (runs.Run): A trained run.
        dknn (DkNN): Fitted and calibrated on it.
        temperature (float): T > 0 of the calibrated confidence.
        premise (bool): Whether both texts of a pair are scored; otherwise
            only the second is.
        options (dict): Name of a method's option to its value; those left
            out have their defaults (``saliency.methods``).

    Attributes:
        run (runs.Run): As given.
        dknn (DkNN): As given.
        temperature (float): As given.
        sides (tuple of int): The texts of an example that are scored; the
            last of them is the one that is shortened and reduced.
        options (dict): Name of every option to its value.

    Raises:
        ArgumentError: If no method has such an option.
    """

    def __init__(self, run, dknn, temperature, premise=False, options=None):
        self.run = run
        self.dknn = dknn
        self.temperature = temperature
        last = int(run.data.pair)
        self.sides = tuple(range(last + 1)) if premise else (last,)
        self.options = {option.name: option.default
                        for option in all_options()}
        for name in options or {}:
            if name not in self.options:
                raise ArgumentError('options', options,
                                    f'names {name!r}, but the methods have '
                                    f'only {", ".join(self.options)}')
        self.options.update(options or {})

    def batch(self, xs):
        """Asks both predictors about texts (Texts); returns a Batch."""
        logits, layers = forward(self.run.model, xs)
        return batch_of(xs, logits, self.dknn.predict(layers),
                        self.soft_odds(layers))

    def soft_odds(self, layers):
        """Log-odds of soft conformity, (n, C); None if it is not tuned."""
        return self.dknn.soft_log_odds(layers) if self.is_soft else None

    @property
    def is_soft(self):
        """bool: Whether DkNN has soft conformity."""
        return hasattr(self.dknn, 'bandwidths_')

    def loss(self, batch, explains):
        """What gradient methods differentiate, of each example of a batch.

        Args:
            batch (Batch): n examples.
            explains (str): ``'softmax'``, whose NLL of the predicted class it
                is, or ``'soft'``, minus the log-odds of soft conformity.

        Returns:
            attribution.Loss: At any word vectors.
        """
        model, xs = self.run.model, batch.xs
        labels = batch.targets[explains]
        if explains == 'softmax':
            return attribution.Loss(
                lambda at: model.nll(xs, labels, at),
                lambda at: model.embedding_gradients(xs, labels, at),
                model.embeddings(xs))
        rows = np.arange(len(labels))
        return attribution.Loss(
            lambda at: -self.dknn.soft_log_odds(
                model.layers_at(xs, at))[rows, labels],
            lambda at: model.gradients_through_layers(
                xs, lambda layers: [-slope for slope in
                                    self.dknn.soft_gradients(layers, labels)],
                at),
            model.embeddings(xs))

    def scores(self, batch, names):
        """Scores of all words of a batch by several methods.

        All leave-one-out methods share one pass over the shortened texts.

        Args:
            batch (Batch): n examples.
            names (list of str): Methods, keys of ``METHODS``.

        Returns:
            dict: Name of each method to its Scores.
        """
        parts = [part for name in names for part in (
            METHODS[name].of if isinstance(METHODS[name], Mean) else (name,))]
        found = {}
        for kind, score_side in [(LeaveOneOut, self._drops),
                                 (Shapley, self._contributions)]:
            own = list(dict.fromkeys(
                name for name in parts if isinstance(METHODS[name], kind)))
            found.update(self._by_side(batch, own, score_side))
        found.update((name, self._direct(batch, METHODS[name]))
                     for name in parts if name not in found)
        found.update((name, _mean([found[part] for part in METHODS[name].of]))
                     for name in names if name not in found)
        return {name: found[name] for name in names}

    def _direct(self, batch, method):
        found = method.scores(self, batch, **self._options_of(method))
        return found._replace(sides=[
            part if side in self.sides else None
            for side, part in enumerate(found.sides)])

    def _by_side(self, batch, names, score_side):
        """Name to Scores, of methods that share a pass over each side."""
        by_side = [
            score_side(batch, side, names)
            if names and side in self.sides else dict.fromkeys(names)
            for side in range(len(batch.xs.sides))]
        return {name: Scores([found[name] for found in by_side], {})
                for name in names}

    def _drops(self, batch, side, names):
        """Name to a list of n arrays: LeaveOneOut, the words of one side."""
        after = self._values(names, *self.run.model.leave_one_out(batch.xs,
                                                                  side))
        return {name: attribution.score_drops(
                    self._value(name, batch.logits, batch.votes, batch.soft),
                    after[name], batch.xs.lengths(side) - 1,
                    batch.targets[METHODS[name].explains]) for name in names}

    def _contributions(self, batch, side, names):
        """Name to a list of n arrays: Shapley, the words of one side."""
        texts = batch.xs.sides[side]
        parts = [coalitions.drawn(ids, self.options['sizes'],
                                  self.options['seed']) for ids in texts]
        rows = np.repeat(np.arange(len(texts)), [len(own) for own in parts])
        xs = batch.xs.select(rows).replace(side, [
            ids[np.append(part.members, -1)] for ids, own in zip(
                texts, parts, strict=True) for part in own])
        drops = {name: [] for name in names}
        for piece in consecutive_batches(xs.n_tokens()):
            found = self._coalition_drops(
                xs.select(piece), side, names,
                {key: labels[rows[piece]]
                 for key, labels in batch.targets.items()})
            for name in names:
                drops[name] += found[name]
        return {name: coalitions.mean_contributions(parts, drops[name])
                for name in names}

    def _coalition_drops(self, xs, side, names, targets):
        """Name to a list of falls without each word, of parts of texts."""
        measured = [METHODS[name].of for name in names]
        before, after = (self._values(measured, *asked) for asked in (
            forward(self.run.model, xs),
            self.run.model.leave_one_out(xs, side)))
        return {name: attribution.score_drops(
                    before[of], after[of], xs.lengths(side) - 1,
                    targets[METHODS[of].explains])
                for name, of in zip(names, measured, strict=True)}

    def _values(self, names, logits, layers):
        """What LeaveOneOuts measure of texts, each of each class, (n, C)."""
        votes = soft = None
        needs_votes, needs_soft = (
            any(getattr(METHODS[name], need) for name in names)
            for need in ('needs_votes', 'needs_soft'))
        if needs_votes and needs_soft:
            votes, soft = self.dknn.votes_and_log_odds(layers)
        elif needs_votes:
            votes = self.dknn.votes(layers)
        elif needs_soft:
            soft = self.dknn.soft_log_odds(layers)
        return {name: self._value(name, logits, votes, soft)
                for name in names}

    def _value(self, name, logits, votes, soft):
        """What a leave-one-out method measures, of each class, (n, C)."""
        method = METHODS[name]
        options = self._options_of(method)
        if method.needs_soft:
            options['soft'] = soft
        return method.value(self, logits, votes, **options)

    def _options_of(self, method):
        return {option.name: self.options[option.name]
                for option in method.options}


def _mean(found):
    """Scores that are the mean of other Scores, text by text."""
    return Scores([
        None if parts[0] is None else
        [attribution.scaled_mean(texts) for texts in zip(*parts, strict=True)]
        for parts in zip(*(scores.sides for scores in found), strict=True)],
        {})
