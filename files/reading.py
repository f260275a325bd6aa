"""Reading one data file: its rows, tokenized and checked."""
import numpy as np

import parallel
from files import tokens
from files.encoded import Builder
from files.rows import DatasetError, display_name, listed, shortened


def read_examples(read, path, member, labels, raw, char_based):
    """Reads and tokenizes one file.

    Args:
        read (function): A reader (``files.rows``).
        path (str): The file.
        member (str or None): The file to read inside an archive.
        labels (dict or None): Label as it stands in the file -> label; None
            to number them in the order in which they first occur.
        raw (bool): As for ``nlp_utils.tokenize``.
        char_based (bool): As for ``nlp_utils.tokenize``.

    Returns:
        Encoded: The rows that have a label and nothing but texts with
        tokens; at least one.

    Raises:
        DatasetError: What the reader raises; or if a label is none of
            ``labels``, or there are no such rows.
    """
    where = display_name(path, member)
    known, builder = {} if labels is None else labels, Builder()
    for rows, found in tokens.tokenized(read(path, member), raw, char_based,
                                        parallel.n_workers):
        lengths = found.lengths.reshape(len(rows), -1)
        kept = lengths.all(axis=1) & [row.label is not None for row in rows]
        if labels is None:
            for row in rows:
                if row.label is not None:
                    known.setdefault(row.label, len(known))
        chosen = [rows[i] for i in np.flatnonzero(kept)]
        for row in chosen:
            if row.label not in known:
                raise DatasetError(
                    f'{where}:{row.number}: the label {shortened(row.label)} '
                    f'is none of {listed(known)}')
        builder.add(found, lengths, kept,
                    [known[row.label] for row in chosen], chosen)
    if not len(builder):
        raise DatasetError(
            f'{where} holds no examples ('
            f'{builder.without_text + builder.without_label} rows without a '
            'text or label); each row needs both')
    return builder.encoded([] if labels is not None else known)
