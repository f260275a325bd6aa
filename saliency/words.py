"""Mean scores of words over many records, for each label that they explain."""
import collections
from typing import NamedTuple

from errors import UserError


class WordMean(NamedTuple):
    """What a word is worth to a label.

    Attributes:
        mean (float): Of its scores.
        word (str): As it stands in the records.
        scores (list of float): All of its scores, in their order.
        positions (list of int): Of the records it occurs in, ascending, each
            once.
    """

    mean: float
    word: str
    scores: list
    positions: list


def words_by_label(records, method, least=1):
    """Averages the scores of each word over its occurrences.

    Occurrences are those in the last text of a record (the hypothesis of a
    pair).

    Args:
        records (iterable of dict): Records (``saliency.records``).
        method (str): Whose scores to take.
        least (int): Words with fewer scores are left out.

    Returns:
        dict: Label explained -> list of WordMean, from the highest mean.

    Raises:
        UserError: If a record has no scores by that method.
    """
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for position, record in enumerate(records):
        if method not in record['methods']:
            raise UserError(
                f'the records have no scores by {method!r}; choose one of '
                f'{", ".join(record["methods"])}')
        entry = record['methods'][method]
        for word, score in zip(record['words'][-1], entry['scores'][-1],
                               strict=True):
            found[int(entry['target'])][word].append((score, position))
    return {label: _ranking(words, least) for label, words in found.items()}


def _ranking(words, least):
    ranked = []
    for word, occurrences in words.items():
        if len(occurrences) >= least:
            scores, positions = map(list, zip(*occurrences, strict=True))
            ranked.append(WordMean(sum(scores) / len(scores), word, scores,
                                   list(dict.fromkeys(positions))))
    return sorted(ranked, key=lambda found: found[:2], reverse=True)
