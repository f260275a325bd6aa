"""The parts of an evaluation by name: ``PARTS``.

A new part is a module with a function and a row of this table.
"""
from typing import NamedTuple

from evaluation import (
    accuracy,
    agreement,
    artifacts,
    audit,
    debugging,
    faithfulness,
    overconfidence,
    uncertainty,
)


class Part(NamedTuple):
    """A part of an evaluation.

    Attributes:
        measure (callable): From a Setting to a list of Tables; empty where
            the run is not of the kind that the part is about.
        summary (str): What it answers, for ``--help``.
        records (callable): From a Setting to dicts, a line each of the
            part's own JSONL in the run folder; None for a part that has its
            tables only.
        is_bounded (bool): Whether it needs no more memory than its searches,
            so that ``--memory`` can bound it.
        needs (dict): What the part cannot say without one of
            ``evaluation.setting.NEEDS``, by its name: the part's own name,
            or words for some of its tables, rows and columns.
    """

    measure: object
    summary: str
    records: object = None
    is_bounded: bool = False
    needs: dict = {}

    def lacks(self, setting, name):
        """Of this part: what is left out of a Setting -> what it lacks."""
        found = {what: need for what, need in self.needs.items()
                 if not setting.has(need)}
        return {name: found[name]} if name in found else found


PARTS = {
    'accuracy': Part(
        accuracy.measure, 'who is right, by layer and by k', is_bounded=True,
        needs={'accuracy of softmax': 'logits', 'linear baseline': 'texts'}),
    'uncertainty': Part(
        uncertainty.measure, 'does a score know when the network is wrong, '
        'or the text is out of its domain', needs={
            'calibration of softmax': 'logits', 'error detection': 'logits',
            'out-of-domain detection': 'network',
            'scores by dropout and by unknown words': 'network'}),
    'faithfulness': Part(
        faithfulness.measure, 'do the words that an explanation names matter '
        'to the prediction, and to other judges',
        needs={'faithfulness': 'network'}),
    'agreement': Part(
        agreement.measure, 'are they the words that people name',
        needs={'agreement': 'network'}),
    'overconfidence': Part(
        overconfidence.measure, 'does a score stay high on the little that '
        'input reduction leaves of a text',
        is_bounded=True, needs={'overconfidence': 'network'}),
    'artifacts': Part(
        artifacts.measure, 'of pairs: which words of the second text give '
        'the label away, and who relies on them', is_bounded=True,
        needs={'artifacts': 'network'}),
    'debugging': Part(
        debugging.measure, 'which training labels do the neighbours '
        'contradict, which test texts stand in training',
        debugging.records, needs={
            'near-duplicates': 'texts', 'labels by softmax': 'logits'}),
    'audit': Part(
        audit.measure, 'what approximate indexes change',
        needs={'rank agreement of explanations': 'network'}),
}
