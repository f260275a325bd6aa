"""The words of explained texts and their scores, as tables for a paper."""
from evaluation.tables import Table, shortened
from saliency.plain import signed
from terminal import printable


def word_tables(record):
    """The scores of a record's words.

    Args:
        record (dict): A record (``saliency.records``).

    Yields:
        Table: Of each scored text: a row a word, a column a method with the
        label that it explains.
    """
    names = record['label_names']
    for side, words in enumerate(record['words']):
        scored = {name: entry for name, entry in record['methods'].items()
                  if entry['scores'][side] is not None}
        if scored:
            yield Table('scores', shortened(record['words']), [
                f'{name} ({printable(names[entry["target"]])})'
                for name, entry in scored.items()], [
                (printable(word), [signed(entry['scores'][side][i])
                                   for entry in scored.values()])
                for i, word in enumerate(words)])
