"""A trained run as what saliency wants: every method, records for the page.

The model, its neighbours and its temperature meet here; the methods
themselves are in saliency.py and know none of them.
"""
import compat  # noqa: F401  (before Chainer)

from typing import NamedTuple

import numpy as np

import calibration
import nlp_utils
import runs
import saliency

VERSION = 1
ERROR = 0.05  # of the prediction sets
VARIANTS_PER_BATCH = 4096
DECIMALS = 5

# Leave-one-out method -> whose predicted class it explains, and the function
# (explainer, logits, votes) -> (n, C) whose fall it measures.
LEAVE_ONE_OUT = {
    'conformity': ('dknn', lambda e, logits, votes:
                   e.neighbors.conformity_from_votes(votes)),
    'credibility': ('dknn', lambda e, logits, votes:
                    e.neighbors.p_values_from_votes(votes)),
    'confidence': ('softmax', lambda e, logits, votes:
                   calibration.softmax(logits)),
    'calibrated': ('softmax', lambda e, logits, votes:
                   calibration.softmax(logits, e.temperature)),
}


class Batch(NamedTuple):
    """n texts with what the model says of them.

    Attributes:
        xs: list of int arrays, or a tuple of two such lists.
        logits: (n, C).
        votes: int (n, C), labels of the neighbours.
        targets: dict, 'dknn' and 'softmax' -> int (n,), predicted classes.
    """
    xs: object
    logits: np.ndarray
    votes: np.ndarray
    targets: dict


def _gradient(explainer, batch):
    gradient, embeddings = explainer.gradient_of(batch)
    return saliency.gradient_times_input(gradient, embeddings), {}


def _integrated_gradients(explainer, batch):
    gradient, embeddings = explainer.gradient_of(batch)
    model, labels = explainer.run.model, batch.targets['softmax']
    result = saliency.integrated_gradients(
        gradient, lambda at: model.nll(batch.xs, labels, at), embeddings,
        explainer.steps)
    return result.scores, {'gap': result.gap}


def _smoothgrad(explainer, batch):
    gradient, embeddings = explainer.gradient_of(batch)
    return saliency.smoothgrad(gradient, embeddings, explainer.draws,
                               seed=explainer.seed), {}


def _random(explainer, batch):
    return [saliency.random_scores(texts, explainer.seed)
            for texts in sides_of(batch.xs)], {}


# Method -> function (explainer, batch) -> scores side by side (a list a
# text of an example), and a dict of further (n,) arrays for the record.
# These explain the softmax prediction.
OTHERS = {
    'gradient': _gradient,
    'integrated_gradients': _integrated_gradients,
    'smoothgrad': _smoothgrad,
    'random': _random,
}
METHODS = [*LEAVE_ONE_OUT, *OTHERS]


def sides_of(xs):
    """The one or two lists of texts in `xs`."""
    return xs if isinstance(xs, tuple) else (xs,)


def variants(xs, side):
    """Every example without each word of one of its texts.

    Args:
        xs: list of n int arrays, or a tuple of two such lists.
        side (int): 0, or 1 for the second text of a pair.

    Returns:
        the M variants in the shape of `xs`, and their counts, int (n,).
    """
    texts = sides_of(xs)[side]
    counts = np.array([len(tokens) - 1 for tokens in texts])
    flat = [v for tokens in texts for v in saliency.without_each(tokens)]
    if not isinstance(xs, tuple):
        return flat, counts
    fixed = [xs[1 - side][i] for i in np.repeat(np.arange(len(texts)),
                                                counts)]
    return ((fixed, flat) if side else (flat, fixed)), counts


def batches(xs, limit=VARIANTS_PER_BATCH):
    """Ranges of examples with at most `limit` variants, or one example."""
    sizes = np.sum([[len(x) for x in side] for side in sides_of(xs)], axis=0)
    begin = 0
    while begin < len(sizes):
        total = np.cumsum(sizes[begin:begin + limit])
        end = begin + max(1, int((total <= limit).sum()))
        yield np.arange(begin, end)
        begin = end


class Explainer:
    """Explains predictions of a run.

    Args:
        run (runs.Run): a trained run.
        neighbors (dknn.DkNN): fitted and calibrated on it.
        temperature (float): T > 0 of the calibrated confidence.
        premise (bool): score both texts of a pair; otherwise the second.
        steps, draws, seed (int): of integrated gradients, SmoothGrad, noise.
    """

    def __init__(self, run, neighbors, temperature, premise=False, steps=50,
                 draws=25, seed=0):
        self.run = run
        self.neighbors = neighbors
        self.temperature = temperature
        n_texts = 2 if run.data.pair else 1
        self.sides = tuple(range(n_texts)) if premise else (n_texts - 1,)
        self.steps = steps
        self.draws = draws
        self.seed = seed

    def gradient_of(self, batch):
        """Gradient function and embeddings, as saliency's methods take."""
        model, labels = self.run.model, batch.targets['softmax']
        return (lambda at: model.embedding_gradients(batch.xs, labels, at),
                model.embeddings(batch.xs))

    def scores(self, batch, methods):
        """Scores of all words of a batch by all methods.

        All leave-one-out methods share one pass over the variants.

        Args:
            batch (Batch): n texts.
            methods: list of names in ``METHODS``.

        Returns:
            dict: method -> (list, an entry a text of an example: None where
            it is not scored, else a list of n float arrays; dict of further
            arrays (n,)).
        """
        n_texts = len(sides_of(batch.xs))
        dropped = [name for name in methods if name in LEAVE_ONE_OUT]
        found = {name: ([None] * n_texts, {}) for name in dropped}
        for side in self.sides if dropped else ():
            for name, drops in self._drops(batch, side, dropped).items():
                found[name][0][side] = drops
        for name in methods:
            if name in OTHERS:
                scores, more = OTHERS[name](self, batch)
                found[name] = [part if side in self.sides else None
                               for side, part in enumerate(scores)], more
        return {name: found[name] for name in methods}

    def _drops(self, batch, side, methods):
        """Leave-one-out scores of one side: method -> list of n arrays."""
        counts = np.array([len(x) - 1 for x in sides_of(batch.xs)[side]])
        logits, layers = self._without_words(batch.xs, side)
        votes = None
        if any(LEAVE_ONE_OUT[name][0] == 'dknn' for name in methods):
            votes = self.neighbors.votes(layers)
        drops = {}
        for name in methods:
            predictor, signal = LEAVE_ONE_OUT[name]
            drops[name] = saliency.score_drops(
                signal(self, batch.logits, batch.votes),
                signal(self, logits, votes), counts,
                batch.targets[predictor])
        return drops

    def _without_words(self, xs, side):
        """Logits and layers of all variants, the fast way on a CPU."""
        model = self.run.model
        if model.xp is np:
            return model.leave_one_out(xs, side)
        return runs.forward(model, variants(xs, side)[0])

    def records(self, examples, methods, outputs=None, n_nearest=5,
                keep=None, reduce=None):
        """Explanations as JSON-ready dicts (docs/output.md).

        ``id`` is the position in `examples`; ``split``, ``gold`` and the
        words are left to the caller.

        Args:
            examples: list of text_datasets.Example; label -1 for none.
            methods: list of names in ``METHODS``.
            outputs: logits (n, C) and layers [(n, D_l)] where they are known.
            n_nearest (int): training texts a layer.
            keep: function record -> bool, asked before any word is scored.
            reduce (str): a method for input reduction, or None.

        Yields:
            dict
        """
        xs, _ = runs.encode(examples, self.run.vocab)
        logits, layers = outputs or runs.forward(self.run.model, xs)
        found = self.neighbors.search(layers)
        prediction = self.neighbors.predict(layers)
        votes = np.rint(prediction.conformity
                        * found.indices[0].size).astype(int)
        plain = [self._prediction_record(i, xs, logits, prediction)
                 for i in range(len(examples))]
        golds = [None if example.label < 0 else example.label
                 for example in examples]
        kept = np.array([i for i, record in enumerate(plain)
                         if keep is None or keep(
                             {**record, 'gold': golds[i]})], int)
        with runs.progress_bar(len(kept), 'explaining', 'text') as bar:
            for rows in batches(runs.select(xs, kept)) if len(kept) else ():
                rows = kept[rows]
                batch = Batch(
                    runs.select(xs, rows), logits[rows], votes[rows],
                    {'dknn': prediction.label[rows],
                     'softmax': logits[rows].argmax(axis=1)})
                scores = self.scores(batch, methods)
                removed = ([None] * len(rows) if 'conformity' not in scores
                           else self._removal_records(
                               batch, scores['conformity'][0],
                               found.indices[rows]))
                for place, i in enumerate(rows):
                    record = plain[i]
                    record['methods'] = _method_records(scores, batch, place)
                    record['neighbors'] = self._neighbor_records(
                        found, i, n_nearest)
                    if removed[place]:
                        record['removed'] = removed[place]
                    if reduce:
                        record['reduction'] = self._reduction_record(
                            runs.select(batch.xs, [place]), reduce)
                    bar.update()
                    yield record

    def _prediction_record(self, i, xs, logits, prediction):
        probs = calibration.softmax(logits[i:i + 1])[0]
        calibrated = calibration.softmax(logits[i:i + 1], self.temperature)[0]
        label = int(logits[i].argmax())
        members = self.neighbors.prediction_set(
            prediction.p_values[i:i + 1], ERROR)[0]
        texts = [side[i] for side in sides_of(xs)]
        return {
            'version': VERSION, 'id': i,
            'dataset': self.run.args['dataset'],
            'model': self.run.args['model'],
            'label_names': list(self.run.data.label_names),
            'known': [(tokens[:-1] != nlp_utils.UNK).tolist()
                      for tokens in texts],
            'softmax': {'label': label, 'probabilities': rounded(probs),
                        'confidence': rounded(probs[label]),
                        'calibrated_confidence': rounded(calibrated[label]),
                        'temperature': rounded(self.temperature)},
            'dknn': {'label': int(prediction.label[i]),
                     'conformity': rounded(prediction.conformity[i]),
                     'p_values': rounded(prediction.p_values[i]),
                     'credibility': rounded(prediction.credibility[i]),
                     'confidence': rounded(prediction.confidence[i]),
                     'prediction_set': np.flatnonzero(members).tolist(),
                     'error': ERROR}}

    def _neighbor_records(self, found, i, n_nearest):
        """Votes and nearest training texts of example i, layer by layer."""
        names = self.run.model.layer_names
        train = self.run.data.train
        records = []
        for layer, indices, distances in zip(
                self.neighbors.layers_, found.indices[i], found.distances[i],
                strict=True):
            labels = self.neighbors.labels_[indices]
            records.append({
                'layer': names[layer],
                'votes': np.bincount(
                    labels, minlength=self.neighbors.n_class).tolist(),
                'nearest': [
                    {'index': int(j), 'label': int(y), 'distance': distance,
                     'texts': [' '.join(text) for text in train[j].texts]}
                    for j, y, distance in zip(
                        indices[:n_nearest], labels,
                        rounded(distances[:n_nearest]), strict=False)]})
        return records

    def _removal_records(self, batch, scores, before):
        """What leaving out the word of highest conformity score changes
        among the neighbours, text by text.

        Args:
            batch (Batch): n texts.
            scores: their conformity scores, a list or None a side.
            before: int (n, n_layers, k), neighbours of the whole texts.
        """
        side = self.sides[-1]
        words = [int(np.argmax(s)) if max(s, default=0) > 0 else None
                 for s in scores[side]]
        parts = [list(part) for part in sides_of(batch.xs)]
        parts[side] = [tokens if i is None else np.delete(tokens, i)
                       for tokens, i in zip(parts[side], words, strict=True)]
        xs = tuple(parts) if isinstance(batch.xs, tuple) else parts[0]
        after = self.neighbors.kneighbors(
            runs.forward(self.run.model, xs)[1])
        return [None if i is None else {
            'text': side, 'word': i, 'layers': [
                {'layer': self.run.model.layer_names[layer],
                 **self._change_record(change)}
                for layer, change in zip(
                    self.neighbors.layers_,
                    saliency.neighbor_changes(a, b), strict=True)]}
            for i, a, b in zip(words, before, after, strict=True)]

    def _change_record(self, change):
        """Indices that left and came, and how many of each label."""
        labels = self.neighbors.labels_
        return {key: value for name in ('left', 'came') for key, value in (
            (name, getattr(change, name).tolist()),
            (f'{name}_votes', np.bincount(
                labels[getattr(change, name)],
                minlength=self.neighbors.n_class).tolist()))}

    def _reduction_record(self, xs, method):
        """Input reduction of one example's last text (Feng et al. 2018)."""
        side = self.sides[-1]
        predictor = LEAVE_ONE_OUT.get(method, ('softmax',))[0]

        def with_tokens(texts):
            parts = [list(part) * len(texts) for part in sides_of(xs)]
            parts[side] = texts
            return tuple(parts) if isinstance(xs, tuple) else parts[0]

        def importance(tokens):
            batch = self.batch(with_tokens([tokens]))
            return self.scores(batch, [method])[method][0][side][0]

        steps = saliency.input_reduction(
            importance,
            lambda texts: self.batch(with_tokens(texts)).targets[predictor],
            sides_of(xs)[side][0])
        logits, layers = runs.forward(
            self.run.model, with_tokens([step.tokens for step in steps]))
        label = logits[0].argmax()
        return {'method': method, 'text': side,
                'removed': [step.removed for step in steps[1:]],
                'confidence': rounded(calibration.softmax(logits)[:, label]),
                'credibility': rounded(
                    self.neighbors.predict(layers).credibility)}

    def batch(self, xs):
        """Run model and neighbours on texts."""
        logits, layers = runs.forward(self.run.model, xs)
        prediction = self.neighbors.predict(layers)
        return Batch(xs, logits, self.neighbors.votes(layers),
                     {'dknn': prediction.label,
                      'softmax': logits.argmax(axis=1)})


def _method_records(scores, batch, place):
    """What a record says under ``methods`` of one text of a batch."""
    records = {}
    for name, (sides, more) in scores.items():
        predictor = LEAVE_ONE_OUT.get(name, ('softmax',))[0]
        records[name] = {
            'target': int(batch.targets[predictor][place]),
            'scores': [None if side is None else rounded(side[place])
                       for side in sides],
            **{key: rounded(values[place]) for key, values in more.items()}}
    return records


def rounded(values):
    """Floats short enough for JSON, five decimals."""
    return np.round(np.asarray(values, np.float64), DECIMALS).tolist()
