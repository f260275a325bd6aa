"""Recall of approximate indexes, measured once on validation texts."""
import numpy as np

from runs.notes import note
from runs.remembered import remembered

TEXTS = 200  # of the validation split, at most
VERSION = 1  # to be raised where recall is measured in another way


def measure_recall(run, valid, dknn, options, key):
    """Sets ``dknn.recall_`` and says it in a line.

    Args:
        run (Run): A trained run.
        valid (Activations): Its stored activations of the validation split.
        dknn (DkNN): Fitted with an index that has a name.
        options (dict): All of the index that decide on what is found.
        key (str): Names all else that the index and the texts depend on;
            None: recall is not stored, but measured each time.
    """
    n = len(valid.labels)
    chosen = np.arange(min(n, TEXTS)) * n // min(n, TEXTS)  # evenly spaced

    def measured():
        dknn.measure_recall([h[chosen] for h in valid.layers])
        return {'recall': dknn.recall_, 'n': len(chosen),
                'n_neighbors': dknn.n_neighbors, 'layers': dknn.layers_,
                'options': options}

    if key is None:
        measured()
    else:
        found = remembered(
            run, f'recall_{dknn.index}', f'{key} {dknn.layers} '
            f'{dknn.n_neighbors} {options} {VERSION}', measured, 'measured')
        dknn.recall_ = tuple(found['recall'])
    note(f'index {dknn.index}: recall of {dknn.n_neighbors} neighbours '
         f'{np.mean(dknn.recall_):.3f} ({len(chosen)} texts of the '
         'validation split against exact)')
