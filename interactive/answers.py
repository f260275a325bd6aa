"""What the Python interface returns: a record a text, and ways to read it."""
import collections.abc
import copy

from page.notebook import notebook_html
from saliency.plain import neighbor_lines, prediction_lines, score_lines
from saliency.rows import (
    prediction_row,
    source_columns,
    text_columns,
    word_rows,
)
from terminal import printable

SHOWN = 20  # texts of a list that are printed or drawn


class Answer:
    """What is said of one text.

    Args:
        record (dict): The fields of ``interpretations.jsonl``
            (docs/output.md) that are known.
        texts (tuple of str): One or two, as they were given.

    Attributes:
        texts (tuple of str): As given.
    """

    def __init__(self, record, texts):
        self._record = record
        self.texts = texts

    def to_dict(self):
        """The record, JSON-ready.

        Returns:
            dict: A copy.
        """
        return copy.deepcopy(self._record)

    def table(self):
        """The same as rows, which ``pandas.DataFrame`` reads.

        Returns:
            list of dict: All with the same keys, in the same order; values
            are strings, numbers, bools or None.
        """
        raise NotImplementedError

    def __repr__(self):
        return '\n'.join([printable(' | '.join(self.texts)), *self._lines()])

    def _repr_html_(self):
        return notebook_html([self._record])

    def _lines(self):
        return prediction_lines(self._record)

    def _name(self, label):
        return self._record['label_names'][label]


class Predicted(Answer):
    """The predictions for one text."""

    def table(self):
        """One row: labels by name, confidence, credibility.

        Returns:
            list of dict: As for ``Answer.table``.
        """
        return [prediction_row(self._record, self.texts)]


class Explained(Answer):
    """The words that the predictions for one text are due to."""

    def table(self):
        """A row a word: whether it is known, and its score by each method.

        Returns:
            list of dict: As for ``Answer.table``; a score is None where the
            method does not score that text of a pair.
        """
        return word_rows(self._record)

    def _lines(self):
        return [*super()._lines(), *score_lines(self._record)]


class Nearest(Answer):
    """The training texts that are nearest to one text."""

    def table(self):
        """A row a layer and training text, the nearest first.

        Returns:
            list of dict: As for ``Answer.table``; of training texts from a
            user's own table with ``row`` and ``row_id``
            (``saliency.rows.source_columns``).
        """
        record = self._record
        return [{'id': record['id'], 'layer': layer['layer'], 'rank': rank,
                 'index': near['index'], **source_columns(near),
                 'label': self._name(near['label']),
                 'distance': near['distance'], 'share': near.get('share'),
                 **text_columns(near['texts'])}
                for layer in record['neighbors']
                for rank, near in enumerate(layer['nearest'], 1)]

    def _lines(self):
        return [*super()._lines(), *neighbor_lines(self._record)]


class Answers(collections.abc.Sequence):
    """An answer a text, in the order asked.

    Args:
        answers (list of Answer): All of one class.
    """

    def __init__(self, answers):
        self._answers = answers

    def __len__(self):
        return len(self._answers)

    def __getitem__(self, which):
        found = self._answers[which]
        return Answers(found) if isinstance(which, slice) else found

    def to_dict(self):
        """The records, JSON-ready.

        Returns:
            list of dict: What ``to_dict`` of each returns.
        """
        return [answer.to_dict() for answer in self]

    def table(self):
        """The rows of all texts; ``id`` says which.

        Returns:
            list of dict: What ``table`` of each returns, one after another.
        """
        return [row for answer in self for row in answer.table()]

    def __repr__(self):
        more = len(self) - SHOWN
        return '\n\n'.join([*map(repr, self[:SHOWN]._answers),
                            *([f'... and {more:,} more'] if more > 0
                              else [])]) or '(no texts)'

    def _repr_html_(self):
        return notebook_html([answer._record for answer in
                              self[:SHOWN]._answers], len(self))
