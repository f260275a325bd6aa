"""What results are called: a part of them never replaces the whole.

Results of the whole test split have a plain name, such as ``dknn.json``.
Results of the user's own texts, and of any part or other split, have a name
of their own beside it: ``dknn.part.json``.
"""
import pathlib

OWN, PART = 'own', 'part'


def output_path(folder, name, split='test', own=False, part=False):
    """Where the results of some texts are written.

    Args:
        folder (str or Path): The folder.
        name (str): Of the results of the whole test split.
        split (str): The split that the texts are from.
        own (bool): Whether they are the user's own texts instead.
        part (bool): Whether they are only some of the split.

    Returns:
        pathlib.Path: In that folder.
    """
    path = pathlib.Path(folder) / name
    kind = OWN if own else PART if part or split != 'test' else ''
    return path.with_suffix(f'.{kind}{path.suffix}') if kind else path
