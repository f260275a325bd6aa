"""Which words of the hypothesis give the label away, and who relies on them?

People who write hypotheses for a label fall into habits: an entailed one is
more general ("outdoors"), a contradiction negates ("nobody").  Such words are
found by their pointwise mutual information with the labels (Gururangan et al.
2018, *Annotation Artifacts in Natural Language Inference Data*,
arXiv 1803.02324, section 3), and what can be told by the hypothesis alone by
a classifier that reads nothing else (ibid., section 2).

V words of the training hypotheses, C classes, n texts that are explained.
"""
import compat  # noqa: F401  (before Chainer)

from typing import NamedTuple

import numpy as np

from evaluation import estimates, linear
from evaluation.clues import SMOOTHING, clues
from evaluation.tables import Table
from metrics import bootstrap
from metrics.agreement import spearman

LEAST = 3  # occurrences of a word whose mean score is ranked
DRAWS = 200  # of the bootstrap over words
TOP_BY = 'soft'


def measure(setting):
    """The part ``artifacts``.

    Args:
        setting (Setting): What to evaluate.

    Returns:
        list of Table: words, hypothesis_only, weights, neighbors; none for
        single texts.
    """
    if not setting.run.data.pair:
        return []
    found = clues(setting.run.data)
    tables = [words(setting, found), hypothesis_only(setting)]
    if len(setting.explained.rows):
        tables += [weights(setting, found), neighbors(setting, found)]
    return tables


def words(setting, found):
    """The artifacts of each label, and how they are spread in training."""
    names = setting.run.data.label_names
    vocabulary = list(found.index)
    n_pairs = found.counts.sum(axis=1)
    share = found.totals / found.totals.sum()
    return Table(
        'words', 'words of the hypothesis with the highest PMI with a label',
        ['PMI', 'training pairs', 'share with the label'],
        [(f'{names[y]}: {vocabulary[row]}', [
            float(found.pmi[row, y]), int(n_pairs[row]),
            float(found.counts[row, y] / n_pairs[row])])
         for y, rows in enumerate(found.top) for row in rows],
        f'add-{SMOOTHING} smoothing; of all {int(found.totals.sum()):,} '
        'training pairs ' + ', '.join(
            f'{part:.3f} are {name}' for name, part in zip(
                names, share, strict=True)))


# ----------------------------------------------------------- hypothesis alone

def hypothesis_only(setting):
    """Accuracy without the premise; and with it, where that fails."""
    data = setting.run.data._replace(test=setting.examples)
    labels, counts = setting.labels, setting.counts
    majority = np.bincount([e.label for e in data.train]).argmax()
    predicted = {
        'majority class': np.full(len(labels), majority),
        'linear, hypothesis alone': linear.fit_and_predict(
            without_premises(data),
            setting.run.args.get('char_based', False)).predicted,
        'linear, both texts': setting.baseline,
        'network': setting.predicted,
        'DkNN': setting.prediction.label,
        'soft DkNN': setting.soft.label}
    right = {name: (own == labels).astype(float)
             for name, own in predicted.items()}
    alone = right['linear, hypothesis alone']
    rows = []
    for name, own in right.items():
        same = own is alone
        rows.append((name, [
            bootstrap.mean_estimate(own, counts),
            None if same else bootstrap.difference_estimate(own, alone,
                                                            counts),
            *(None if same else estimates.statistic(_mean_where, counts, own,
                                                    part)
              for part in (alone == 1, alone == 0))]))
    return Table(
        'hypothesis_only', 'accuracy with and without the premise',
        ['accuracy', 'minus hypothesis alone', 'easy pairs', 'hard pairs'],
        rows, f'{len(labels):,} pairs; easy are the {int(alone.sum()):,} '
        'that the linear baseline gets right by the hypothesis alone')


def without_premises(data):
    """A data set of pairs as one of their second texts.

    Args:
        data (text_datasets.Dataset): Of pairs.

    Returns:
        text_datasets.Dataset: Of single texts.
    """
    return data._replace(**{split: [
        example._replace(texts=example.texts[-1:])
        for example in getattr(data, split)]
        for split in ('train', 'valid', 'calib', 'test')})


# ------------------------------------------------------------------- weights

class Occurrences(NamedTuple):
    """All words of the hypotheses that are explained, T of them.

    Attributes:
        text (ndarray): Integers (T,) in [0, n), where a word stands.
        row (ndarray): Integers (T,), its row of ``Clues``; V for a word that
            is in no training hypothesis.
        label (ndarray): Integers (T,), the class that is explained there.
    """

    text: np.ndarray
    row: np.ndarray
    label: np.ndarray


def occurrences(setting, found):
    """Occurrences of the words of ``setting.explained``, text by text."""
    explained = setting.explained
    said = [setting.examples[i].texts[-1] for i in explained.rows]
    text = np.repeat(np.arange(len(said)), [len(own) for own in said])
    return Occurrences(
        text, np.array([found.index.get(word, len(found.index))
                        for own in said for word in own], int),
        explained.targets[text])


def kinds(found, places):
    """Which words are artifacts of the label explained, of others, of none.

    Args:
        found (Clues): The artifacts.
        places (Occurrences): T words.

    Returns:
        dict: Name of a kind to bools (T,); each word is of one kind.
    """
    is_top = np.zeros((len(found.index) + 1, len(found.top)), bool)
    for y, rows in enumerate(found.top):
        is_top[rows, y] = True
    own = is_top[places.row, places.label]
    any_label = is_top[places.row].any(axis=1)
    return {'artifacts of the label': own,
            'of other labels': any_label & ~own,
            'all other words': ~any_label}


def weights(setting, found):
    """The scores that each method gives to artifacts, and to other words."""
    places = occurrences(setting, found)
    kind = kinds(found, places)
    n_texts = len(setting.explained.rows)
    counts = bootstrap.resampled_counts(n_texts, seed=setting.seed)
    rows = []
    for method, texts in setting.explained.scores.items():
        scores = np.concatenate([scaled(own) for own in texts])
        sums = [np.bincount(places.text, scores * own, n_texts)
                for own in kind.values()]
        sizes = [np.bincount(places.text, own, n_texts)
                 for own in kind.values()]
        rows.append((method, [
            *(estimates.statistic(_ratio, counts, *part)
              for part in zip(sums, sizes, strict=True)),
            estimates.statistic(_ratio_gap, counts, sums[0], sizes[0], sums[2],
                      sizes[2]),
            correlation(found, places, scores, setting.seed)]))
    sizes = ', '.join(f'{int(own.sum()):,} {name}'
                      for name, own in kind.items())
    return Table(
        'weights', 'mean scores of words in test hypotheses, by method',
        [*kind, 'artifacts minus all other', 'Spearman with PMI'], rows,
        f'{n_texts:,} texts, {sizes}; scores divided by the largest absolute '
        'one of the text; Spearman over words and labels explained, seen '
        f'{LEAST} times or more')


def scaled(scores):
    """Scores (L,) divided by the largest absolute one; 0 where all are 0."""
    largest = abs(scores).max(initial=0)
    return scores / largest if largest else np.zeros(len(scores))


def correlation(found, places, scores, seed=0):
    """Rank correlation of PMI with the label explained and mean score.

    Args:
        found (Clues): Has the PMI.
        places (Occurrences): T words.
        scores (ndarray): Floats (T,), of these words.
        seed (int): Of the bootstrap, over words.

    Returns:
        Estimate: Over the words of training hypotheses, one for each label
        in whose texts they stand ``LEAST`` times or more; None where the
        figure is not defined.
    """
    known = places.row < len(found.index)
    keys, item, sizes = np.unique(
        np.stack([places.row[known], places.label[known]], axis=1), axis=0,
        return_inverse=True, return_counts=True)
    mean = np.bincount(item.ravel(), scores[known], len(keys)) / sizes
    often = sizes >= LEAST
    if not often.any():
        return None
    counts = bootstrap.resampled_counts(int(often.sum()), DRAWS, seed)
    return estimates.statistic(spearman, counts,
                               found.pmi[tuple(keys[often].T)], mean[often])


# ----------------------------------------------------------------- neighbours

def neighbors(setting, found):
    """Do the training pairs behind a prediction have its top word, too?"""
    data, explained = setting.run.data, setting.explained
    vocabulary = list(found.index)
    said = [setting.examples[i].texts[-1] for i in explained.rows]
    tops = [own[int(np.argmax(scores))] if scores.max() > 0 else None
            for own, scores in zip(said, explained.scores[TOP_BY],
                                   strict=True)]
    near = setting.dknn.kneighbors([h[explained.rows]
                                    for h in setting.test.layers])
    rows, every = [], []
    for y, artifacts in enumerate(found.top):
        for word in (vocabulary[row] for row in artifacts):
            own = np.array([word in text for text in said]) & (
                explained.targets == y)
            top = own & np.array([each == word for each in tops])
            has = np.array([word in e.texts[-1] for e in data.train])
            entry = _Behind(has[near[top]].mean(axis=(1, 2)),
                            has[near[own & ~top]].mean(axis=(1, 2)),
                            has.mean(), has[setting.train.labels == y].mean())
            rows.append((f'{data.label_names[y]}: {word}',
                         entry.cells(setting.seed)))
            every.append(entry)
    return Table(
        'neighbors', 'nearest training pairs whose hypothesis has the top '
        f'word by {TOP_BY} leave-one-out',
        ['top word in', 'neighbours with it', 'training pairs with it',
         'of the label', 'in the text, not top', 'neighbours with it, not '
         'top'], [*rows, *_together(every, setting.seed)],
        f'{len(said):,} texts; those of which the label of the artifact is '
        'predicted; all searched layers; of the label: training pairs with '
        'the word among those of that label')


class _Behind(NamedTuple):
    """What is behind a word, or several.

    Attributes:
        top (ndarray): Floats (m,), share of the neighbours with the word, of
            each text whose top word it is.
        other (ndarray): The same of other texts with the word.
        share (float): Of all training pairs, those with the word.
        of_label (float): Of those of its label.
    """

    top: np.ndarray
    other: np.ndarray
    share: float
    of_label: float

    def cells(self, seed):
        return [len(self.top), estimates.mean(self.top, seed),
                float(self.share), float(self.of_label), len(self.other),
                estimates.mean(self.other, seed)]


def _together(every, seed):
    """A row of all words, each as often as it is the top word; perhaps none.
    """
    sizes = [len(each.top) for each in every]
    if not any(sizes):
        return []
    found = _Behind(
        np.concatenate([each.top for each in every]),
        np.concatenate([each.other for each in every]),
        *(np.average([getattr(each, name) for each in every], weights=sizes)
          for name in ('share', 'of_label')))
    return [('all', found.cells(seed))]


def _mean_where(values, part):
    return values[part].mean() if part.any() else np.nan


def _ratio(sums, sizes):
    return sums.sum() / sizes.sum() if sizes.any() else np.nan


def _ratio_gap(sums, sizes, other_sums, other_sizes):
    return _ratio(sums, sizes) - _ratio(other_sums, other_sizes)
