"""Explanations of a trained run's predictions, as records.

The network, its neighbours and its temperature meet here.  The methods are in
``saliency.methods``; what a record looks like is told by ``saliency.records``.
"""
import compat  # noqa: F401  (before Chainer)

import numpy as np

import runs
from dknn import Neighbors
from metrics import confidence
from nlp_utils import UNK, Texts
from runs import forward, progress_bar
from runs.activations import activations_of
from saliency import attribution, parts, records
from saliency.batches import batch_of, consecutive_batches
from saliency.methods import METHODS
from saliency.questions import Question
from saliency.scorer import WordScorer

__all__ = ['Explainer', 'Question', 'fit_explainer']


class Explainer(WordScorer):
    """Explains predictions of a run.

    Args:
        run, dknn, temperature, premise, options (object): As for
            ``WordScorer``, whose attributes it has.
        error (float): In (0, 1), of the prediction sets.
    """

    def __init__(self, run, dknn, temperature, premise=False, options=None,
                 error=records.ERROR):
        super().__init__(run, dknn, temperature, premise, options)
        self.error = error

    def predictions(self, questions):
        """Records that say what the predictors say, and nothing else.

        Args:
            questions (list of Question): What to predict.

        Returns:
            list of dict: Records up to ``dknn`` or ``soft``.
        """
        outputs = activations_of(
            self.run, [question.example for question in questions])
        return self._prediction_records(
            questions, outputs, self.dknn.predict(outputs.layers))

    def records(self, questions, names, outputs=None, n_nearest=5, keep=None,
                reduce=None, desc='explaining'):
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
            desc (str): Name for a progress bar; None for none.

        Yields:
            dict: A record, in the order of the questions.
        """
        if outputs is None:
            outputs = activations_of(
                self.run, [question.example for question in questions])
        found = self.dknn.search(outputs.layers)
        prediction = self.dknn.predict_from_neighbors(found)
        odds = self.soft_odds(outputs.layers)
        plain = self._prediction_records(questions, outputs, prediction)
        kept = np.array([i for i, record in enumerate(plain)
                         if keep is None or keep(record)], int)
        sizes = outputs.xs.n_tokens()[kept]
        with progress_bar(len(kept), desc, 'text') as bar:
            for chosen in consecutive_batches(sizes):
                rows = kept[chosen]
                batch = batch_of(outputs.xs.select(rows),
                                 outputs.logits[rows], prediction, odds,
                                 rows)
                neighbors = Neighbors(*(part[rows] for part in found))
                shares = self.dknn.soft_shares(
                    [h[rows] for h in outputs.layers], neighbors
                    ) if self.is_soft else None
                explained = self._explain(batch, names, neighbors, shares,
                                          n_nearest, reduce)
                for i, explanation in zip(rows, explained, strict=True):
                    bar.update()
                    yield {**plain[i], **explanation}

    def changes(self, before, after, n_nearest=5):
        """Which neighbours left and which came from a text to another.

        Args:
            before, after (Question): Both texts.
            n_nearest (int): Training texts to show for each layer.

        Returns:
            list of dict: A layer each, as in ``removed`` of a record, and
            ``nearest_left``, ``nearest_came``: the nearest of them, as in
            ``neighbors`` of a record.
        """
        # one by one: in a batch the last bits may be others
        old, new = (self.dknn.search(activations_of(
            self.run, [question.example]).layers)
            for question in (before, after))
        names = [self.run.model.layer_names[i] for i in self.dknn.layers_]
        layers = parts.removal_part(
            0, 0, names, attribution.neighbor_changes(
                old.indices[0], new.indices[0]),
            self.dknn.labels_, self.dknn.n_class)['layers']
        for place, layer in enumerate(layers):
            for name, found in (('left', old), ('came', new)):
                layer[f'nearest_{name}'] = self._nearest_of(
                    layer[name], found, place, n_nearest)
        return layers

    def _nearest_of(self, chosen, found, place, n_nearest):
        """The nearest of some neighbours of the first text."""
        indices, distances = (part[0, place] for part in found)
        kept = np.flatnonzero(np.isin(indices, chosen))[:n_nearest]
        data = self.run.data
        return parts.neighbor_part(
            '', self.dknn.labels_[indices[kept]], indices[kept],
            distances[kept], self.dknn.n_class,
            [data.train[i].texts for i in indices[kept]],
            [data.source_of('train', i) for i in indices[kept]])['nearest']

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
            self.is_soft) else None
        return [parts.prediction_record(
                    question, self.run,
                    [side[i][:-1] != UNK for side in outputs.xs.sides],
                    parts.softmax_part(
                        outputs.logits[i].argmax(), probabilities[i],
                        calibrated[i], self.temperature),
                    self._dknn_part(prediction, i),
                    soft and self._dknn_part(soft, i), self._index_name())
                for i, question in enumerate(questions)]

    def _index_name(self):
        """The index's, unless it is exact."""
        index = self.dknn.index
        return index if isinstance(index, str) and index != 'exact' else None

    def _dknn_part(self, prediction, i):
        return parts.dknn_part(prediction, i, self.dknn.prediction_set(
            prediction.p_values[i], self.error), error=self.error)

    def _neighbor_parts(self, found, shares, i, n_nearest):
        """Votes and nearest training texts of example i, layer by layer."""
        data = self.run.data
        described = []
        for place, layer in enumerate(self.dknn.layers_):
            indices = found.indices[i, place]
            part = parts.neighbor_part(
                self.run.model.layer_names[layer], self.dknn.labels_[indices],
                indices, found.distances[i, place], self.dknn.n_class,
                [data.train[j].texts for j in indices[:n_nearest]],
                [data.source_of('train', j) for j in indices[:n_nearest]])
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


def fit_explainer(run, train, calib, premise=False, options=None,
                  error=records.ERROR, **dknn_options):
    """The explainer of a run, with its neighbours and its temperature.

    Args:
        run (runs.Run): A trained run.
        train, calib (runs.Activations): Its stored activations of both.
        premise (bool): As for ``WordScorer``.
        options (dict): As for ``WordScorer``.
        error (float): As for ``Explainer``.
        dknn_options (object): As for ``runs.fit_dknn``.

    Returns:
        Explainer: Ready to be asked.

    Raises:
        ArgumentError: If there is no such option, or it does not fit.
    """
    dknn = runs.fit_dknn(run, train, calib, **dknn_options)
    return Explainer(run, dknn, runs.store_temperature(run, calib), premise,
                     options, error)
