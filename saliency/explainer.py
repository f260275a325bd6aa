"""Explanations of a trained run's predictions, as records.

The network, its neighbours and its temperature meet here.  The methods are in
``saliency.methods``; what a record looks like is told by ``saliency.records``.
"""
import compat  # noqa: F401  (before Chainer)

from typing import NamedTuple

import numpy as np

import text_datasets
from dknn import Neighbors
from errors import ArgumentError
from metrics import confidence
from nlp_utils import UNK, Texts
from runs import forward, progress_bar
from runs.activations import activations_of
from saliency import attribution, parts, records
from saliency.batches import batch_of
from saliency.methods import METHODS, LeaveOneOut, Scores, all_options

TOKENS_PER_BATCH = 4096  # about as many texts with a word left out


class Question(NamedTuple):
    """An example to explain.

    Attributes:
        id (int): Its position in the split, or among the user's texts.
        example (text_datasets.Example): Tokens; the label -1 if unknown.
        words (list of list of str): Its words as they should be shown.
        split (str): The split it comes from, or None.
    """

    id: int
    example: text_datasets.Example
    words: list
    split: str = None


def consecutive_batches(sizes, limit=None):
    """Ranges of consecutive examples with a bounded sum of sizes.

    Args:
        sizes (ndarray): Integers (n,), tokens of each example.
        limit (int): Largest sum, or None for ``TOKENS_PER_BATCH``; an
            example beyond it is a batch by itself.

    Yields:
        slice: A range of positions.
    """
    limit = limit or TOKENS_PER_BATCH
    begin = 0
    while begin < len(sizes):
        total = np.cumsum(sizes[begin:begin + limit])
        end = begin + max(1, int((total <= limit).sum()))
        yield slice(begin, end)
        begin = end


class Explainer:
    """Explains predictions of a run.

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

    # ------------------------------------------------------ scores of words

    def batch(self, xs):
        """Asks both predictors about texts (Texts); returns a Batch."""
        logits, layers = forward(self.run.model, xs)
        return batch_of(xs, logits, self.dknn.predict(layers),
                        self._soft_odds(layers))

    def _soft_odds(self, layers):
        """Log-odds of soft conformity, (n, C); None if it is not tuned."""
        return self.dknn.soft_log_odds(layers) if self._is_soft else None

    @property
    def _is_soft(self):
        return hasattr(self.dknn, 'bandwidths_')

    def gradient_and_embeddings(self, batch):
        """Gradient function and word vectors of a batch, as the functions of
        ``saliency.attribution`` take them."""
        model, labels = self.run.model, batch.targets['softmax']
        return (lambda at: model.embedding_gradients(batch.xs, labels, at),
                model.embeddings(batch.xs))

    def scores(self, batch, names):
        """Scores of all words of a batch by several methods.

        All leave-one-out methods share one pass over the shortened texts.

        Args:
            batch (Batch): n examples.
            names (list of str): Methods, keys of ``METHODS``.

        Returns:
            dict: Name of each method to its Scores.
        """
        drops = self._drops(batch, [
            name for name in names if isinstance(METHODS[name], LeaveOneOut)])
        return {name: drops[name] if name in drops
                else self._direct(batch, METHODS[name]) for name in names}

    def _direct(self, batch, method):
        found = method.scores(self, batch, **self._options_of(method))
        return found._replace(sides=[
            part if side in self.sides else None
            for side, part in enumerate(found.sides)])

    def _drops(self, batch, names):
        """Name to Scores, of leave-one-out methods."""
        by_side = [
            self._drops_of_side(batch, side, names)
            if names and side in self.sides else dict.fromkeys(names)
            for side in range(len(batch.xs.sides))]
        return {name: Scores([drops[name] for drops in by_side], {})
                for name in names}

    def _drops_of_side(self, batch, side, names):
        """Name to a list of n arrays, for the words of one side."""
        counts = batch.xs.lengths(side) - 1
        logits, layers = self.run.model.leave_one_out(batch.xs, side)
        votes = soft = None
        if any(METHODS[name].needs_votes for name in names):
            votes = self.dknn.votes(layers)
        if any(METHODS[name].needs_soft for name in names):
            soft = self.dknn.soft_log_odds(layers)
        return {name: attribution.score_drops(
                    self._value(name, batch.logits, batch.votes, batch.soft),
                    self._value(name, logits, votes, soft), counts,
                    batch.targets[METHODS[name].explains]) for name in names}

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

    # -------------------------------------------------------------- records

    def records(self, questions, names, outputs=None, n_nearest=5, keep=None,
                reduce=None):
        """Explanations as JSON-ready dicts (docs/output.md).

        Args:
            questions (list of Question): What to explain.
            names (list of str): Methods, keys of ``METHODS``.
            outputs (runs.Activations): What the network says of the
                questions, if that is known.
            n_nearest (int): Training texts to show for each layer.
            keep (callable): From a record to whether it is wanted, asked
                before any word is scored.
            reduce (str): A method for input reduction, or None.

        Yields:
            dict: A record, in the order of the questions.
        """
        if outputs is None:
            outputs = activations_of(
                self.run, [question.example for question in questions])
        found = self.dknn.search(outputs.layers)
        prediction = self.dknn.predict_from_neighbors(found)
        odds = self._soft_odds(outputs.layers)
        plain = self._prediction_records(questions, outputs, prediction)
        kept = np.array([i for i, record in enumerate(plain)
                         if keep is None or keep(record)], int)
        sizes = outputs.xs.n_tokens()[kept]
        with progress_bar(len(kept), 'explaining', 'text') as bar:
            for chosen in consecutive_batches(sizes):
                rows = kept[chosen]
                batch = batch_of(outputs.xs.select(rows),
                                 outputs.logits[rows], prediction, odds,
                                 rows)
                neighbors = Neighbors(*(part[rows] for part in found))
                shares = self.dknn.soft_shares(
                    [h[rows] for h in outputs.layers], neighbors
                    ) if self._is_soft else None
                explained = self._explain(batch, names, neighbors, shares,
                                          n_nearest, reduce)
                for i, explanation in zip(rows, explained, strict=True):
                    bar.update()
                    yield {**plain[i], **explanation}

    def _explain(self, batch, names, found, shares, n_nearest, reduce):
        """The parts of each record that explain its prediction."""
        scores = self.scores(batch, names)
        removed = self._removals(batch, scores.get('conformity'), found)
        for i in range(len(batch.xs)):
            explanation = {
                'methods': _method_parts(scores, batch, i),
                'neighbors': self._neighbor_parts(found, shares, i,
                                                  n_nearest)}
            if removed[i]:
                explanation['removed'] = removed[i]
            if reduce:
                explanation['reduction'] = self._reduction_part(
                    batch.xs.select([i]), reduce)
            yield explanation

    def _prediction_records(self, questions, outputs, prediction):
        """Records without what explains the predictions."""
        probabilities, calibrated = (
            confidence.softmax(outputs.logits, t)
            for t in (1., self.temperature))
        soft = self.dknn.predict(outputs.layers, soft=True) if (
            self._is_soft) else None
        return [parts.prediction_record(
                    question, self.run,
                    [side[i][:-1] != UNK for side in outputs.xs.sides],
                    parts.softmax_part(
                        outputs.logits[i].argmax(), probabilities[i],
                        calibrated[i], self.temperature),
                    self._dknn_part(prediction, i),
                    soft and self._dknn_part(soft, i))
                for i, question in enumerate(questions)]

    def _dknn_part(self, prediction, i):
        return parts.dknn_part(prediction, i, self.dknn.prediction_set(
            prediction.p_values[i], records.ERROR))

    def _neighbor_parts(self, found, shares, i, n_nearest):
        """Votes and nearest training texts of example i, layer by layer."""
        train = self.run.data.train
        described = []
        for place, layer in enumerate(self.dknn.layers_):
            indices = found.indices[i, place]
            part = parts.neighbor_part(
                self.run.model.layer_names[layer], self.dknn.labels_[indices],
                indices, found.distances[i, place], self.dknn.n_class,
                [train[j].texts for j in indices[:n_nearest]])
            if shares is not None:
                parts.add_shares(part, self.dknn.weights_[place],
                                 shares[i, place])
            described.append(part)
        return described

    def _removals(self, batch, scores, found):
        """What leaving out the word of highest conformity score changes
        among the neighbours: a ``removed`` part, or None, an example."""
        if scores is None:
            return [None] * len(batch.xs)
        side = self.sides[-1]
        words = [int(np.argmax(s)) if max(s, default=0) > 0 else None
                 for s in scores.sides[side]]
        shortened = batch.xs.replace(side, [
            ids if word is None else np.delete(ids, word)
            for ids, word in zip(batch.xs.sides[side], words, strict=True)])
        after = self.dknn.kneighbors(forward(self.run.model, shortened)[1])
        names = [self.run.model.layer_names[i] for i in self.dknn.layers_]
        return [None if word is None else parts.removal_part(
                    side, word, names, attribution.neighbor_changes(old, new),
                    self.dknn.labels_, self.dknn.n_class)
                for word, old, new in zip(words, found.indices, after,
                                          strict=True)]

    def _reduction_part(self, xs, name):
        """Input reduction of the last text of one example."""
        side = self.sides[-1]
        explains = METHODS[name].explains

        def variants(texts):
            return Texts(*(texts if i == side else part * len(texts)
                           for i, part in enumerate(xs.sides)))

        def importance(ids):
            batch = self.batch(variants([ids]))
            return self.scores(batch, [name])[name].sides[side][0]

        steps = attribution.input_reduction(
            importance,
            lambda texts: self.batch(variants(texts)).targets[explains],
            xs.sides[side][0])
        logits, layers = forward(
            self.run.model, variants([step.tokens for step in steps]))
        probabilities = confidence.softmax(logits)
        return parts.reduction_part(
            name, side, [step.removed for step in steps[1:]],
            probabilities[:, logits[0].argmax()],
            self.dknn.predict(layers).credibility)


def _method_parts(scores, batch, i):
    """What a record says under ``methods`` of example i of a batch."""
    return {name: parts.method_part(
                batch.targets[METHODS[name].explains][i],
                [None if side is None else side[i] for side in found.sides],
                {key: values[i] for key, values in found.extra.items()},
                METHODS[name].decimals)
            for name, found in scores.items()}
