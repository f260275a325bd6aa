"""What runs are called, and which of them differ by their seed only."""
import json
import pathlib

from files.tables import dataset_title

# What args.json holds beside settings that make another model
NOT_SETTINGS = ('dataset', 'model', 'seed', 'gpu', 'processes', 'n_class',
                'label_names', 'pair', 'n_vocab', 'data_fingerprint',
                'model_path', 'vocab_path', 'datetime', 'versions')


def group_names(members):
    """Data set, model, and the settings in which runs of both differ.

    Args:
        members (list of Member): The runs.

    Returns:
        list of str: One a run; equal for runs that differ by their seed, or
        not at all.
    """
    kinds = [_kind(member) for member in members]
    return [', '.join([*_shown(kind), *_flags(member, [
        other for other, its in zip(members, kinds, strict=True)
        if its == kind])])
        for member, kind in zip(members, kinds, strict=True)]


def run_names(members):
    """A short name for each run: its letter, and in what they differ.

    Args:
        members (list of Member): The runs.

    Returns:
        list of str: One a run, all different.
    """
    kinds = [_kind(member) for member in members]
    columns = [[_shown(kind)[i] for kind in kinds] for i in (0, 1)]
    columns.append([f'seed {member.run.args.get("seed", 0)}'
                    for member in members])
    differing = [column for column in columns if len(set(column)) > 1]
    names = []
    for i, (member, kind) in enumerate(zip(members, kinds, strict=True)):
        alike = [other for other, its in zip(members, kinds, strict=True)
                 if its == kind]
        parts = [column[i] for column in differing]
        names.append(' '.join([member.letter, ', '.join(
            [*parts, *_flags(member, alike)])]).rstrip())
    return names


def _kind(member):
    """Data set and model; data of the user's own by their path."""
    name = member.run.data.name
    if pathlib.Path(name).exists():
        name = str(pathlib.Path(name).resolve())
    return name, member.run.args['model']


def _shown(kind):
    return dataset_title(kind[0]), kind[1]


def _flags(member, alike):
    """Settings of a run in which some like it differ, as train.py's flags."""
    names = dict.fromkeys(name for other in alike for name in other.run.args
                          if name not in NOT_SETTINGS)
    return [_flag(name, member.run.args.get(name)) for name in names
            if len({json.dumps(other.run.args.get(name), sort_keys=True)
                    for other in alike}) > 1]


def _flag(name, value):
    name = name.replace('_', '-')
    if value is None or value is False:
        return f'no {name}'
    if isinstance(value, list):
        value = ' '.join(value)  # of several columns
    return name if value is True else f'{name} {value}'
