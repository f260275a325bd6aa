"""The texts of a page as a whole: bars, each of which stands for some texts.

Words that count most for each label, how usual the texts are, and how often
predictions are right, by credibility and by confidence.
"""
from typing import NamedTuple

import numpy as np

from page.scales import method_scales
from saliency.words import words_by_label

FEWEST = 10  # texts; of fewer there is nothing to say as a whole
N_BINS = 10
N_WORDS = 7  # of a label
Z = 1.96  # quantile of the normal distribution, for 95 %


class Bar(NamedTuple):
    """A bar and the texts it stands for.

    Attributes:
        key (str): Unique on the page.
        said (str): Which texts, behind 'Only'.
        height (float): In [0, 1], of the chart.
        texts (list of int): Positions among the records, ascending.
        label (str): A word; ``''`` for a bin.
        value (float): What the height shows.
        interval ((float, float) or None): 95 % interval of ``height``.
    """

    key: str
    said: str
    height: float
    texts: list
    label: str = ''
    value: float = 0.
    interval: tuple = None


class Chart(NamedTuple):
    """Bins of [0, 1] side by side.

    Attributes:
        title (str): What is shown.
        note (str): How to read it.
        across (str): What the bins are of.
        bars (list of Bar): ``N_BINS``, some of them without texts.
        top (str): What the full height is.
        diagonal (bool): Whether height should be as the bin.
    """

    title: str
    note: str
    across: str
    bars: list
    top: str
    diagonal: bool = False


class Words(NamedTuple):
    """The words that count most for a label.

    Attributes:
        label (int): The label.
        bars (list of Bar): At most ``N_WORDS``.
    """

    label: int
    bars: list


class Corpus(NamedTuple):
    """All that is shown of the texts as a whole.

    Attributes:
        method (str): Whose words they are; None where there are none.
        least (int): Occurrences that a word must have.
        words (list of Words): For each label that has any.
        charts (list of Chart): Those that the records have values for.
    """

    method: str
    least: int
    words: list
    charts: list

    def filters(self):
        """What the page's script must know of the bars.

        Returns:
            dict: Key of a bar -> ``said`` and ``texts`` of it; JSON-ready.
        """
        return {bar.key: {'said': bar.said, 'texts': bar.texts}
                for part in (*self.words, *self.charts)
                for bar in part.bars if bar.texts}


def corpus(records):
    """Sums up records.

    Args:
        records (list of dict): Records (``saliency.records``) without
            ``<eos>``.

    Returns:
        Corpus: Without words and charts if there are fewer than ``FEWEST``
        records.
    """
    if len(records) < FEWEST:
        return Corpus(None, 0, [], [])
    least = min(8, max(3, len(records) // 100))
    method = next((name for name in method_scales(records)
                   if name != 'random' and all(
                       name in record['methods']
                       and record['methods'][name]['scores'][-1] is not None
                       for record in records)), None)
    words = _words(records, method, least) if method else []
    return Corpus(method, least, words, _charts(records))


def _words(records, method, least):
    """Words whose mean score is above the noise of the method."""
    noise = method_scales(records)[method].noise
    names = records[0]['label_names']
    found = {label: [entry for entry in entries[:N_WORDS]
                     if entry.mean > noise]
             for label, entries in
             sorted(words_by_label(records, method, least).items())}
    top = max((entries[0].mean for entries in found.values() if entries),
              default=1)
    return [Words(label, [
        Bar(f'word-{label}-{i}',
            f'texts explained as {names[label]} with the word '
            f'“{entry.word}”', entry.mean / top, entry.positions, entry.word,
            entry.mean)
        for i, entry in enumerate(entries)])
        for label, entries in found.items() if entries]


def _charts(records):
    usual = _values(records, 'dknn', 'credibility')
    charts = [_histogram(usual)] if usual else []
    for predictor, quantity, title, note, diagonal in (
            ('dknn', 'credibility', 'DkNN’s accuracy by credibility',
             'it should rise from left to right',
             False),
            ('softmax', 'confidence', 'Reliability of softmax',
             'on the dashed line: right as often as it says',
             True)):
        gold = [record.get('gold') is not None for record in records]
        values = [found for found in _values(records, predictor, quantity)
                  if gold[found[0]]]
        if values:
            charts.append(_accuracies(records, values, predictor, quantity,
                                      title, note, diagonal))
    return charts


def _values(records, predictor, quantity):
    """(position, value) of the records that have one."""
    return [(i, record[predictor][quantity])
            for i, record in enumerate(records) if record.get(predictor)
            and record[predictor].get(quantity) is not None]


def _histogram(values):
    bins = _bins(values)
    most = max(map(len, bins))
    return Chart(
        'How usual the texts are', 'to the left: unlike the held-out texts',
        'DkNN credibility',
        [Bar(f'usual-{i}', _said('texts', 'DkNN credibility', i),
             len(texts) / most, texts, value=len(texts))
         for i, texts in enumerate(bins)], f'{most:,}')


def _accuracies(records, values, predictor, quantity, title, note, diagonal):
    across = {'dknn': 'DkNN', 'softmax': 'softmax'}[predictor] + f' {quantity}'
    bars = []
    for i, texts in enumerate(_bins(values)):
        right = sum(records[t][predictor]['label'] == records[t]['gold']
                    for t in texts)
        share = right / len(texts) if texts else 0.
        bars.append(Bar(
            f'{predictor}-{i}', _said('texts with a gold label', across, i),
            share, texts, value=share,
            interval=wilson(right, len(texts)) if texts else None))
    return Chart(title, note, across, bars, '100 %', diagonal)


def _said(texts, across, i):
    start = 'from' if i == 0 else 'above'
    return (f'{texts} with a {across} {start} {i / N_BINS:g} to '
            f'{(i + 1) / N_BINS:g}')


def _bins(values):
    """Positions in each bin: (m / M, (m + 1) / M], as ECE has them."""
    edges = np.arange(1, N_BINS) / N_BINS
    found = [[] for _ in range(N_BINS)]
    for position, value in values:
        found[int(np.searchsorted(edges, value, side='left'))].append(position)
    return found


def wilson(right, n):
    """Computes Wilson's (1927) 95 % interval of a share.

    Args:
        right (int): Successes.
        n (int): Trials, at least 1.

    Returns:
        (float, float): Lower and upper end, in [0, 1].
    """
    share, z2 = right / n, Z * Z / n
    middle = (share + z2 / 2) / (1 + z2)
    half = (share * (1 - share) * z2 + z2 * z2 / 4) ** .5 / (1 + z2)
    return max(0., middle - half), min(1., middle + half)
