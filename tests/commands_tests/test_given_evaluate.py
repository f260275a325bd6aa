"""evaluate.py on activations of another framework."""
import compat  # noqa: F401  (before Chainer)

import json
import re

import given_folders
import pytest
import toys

import evaluate
from errors import UserError
from evaluation.parts import PARTS

FLAGS = '-k', '5'
NO_NETWORK = ['faithfulness', 'agreement', 'overconfidence', 'artifacts']


def evaluated(folder, *flags, part=''):
    """The tables of an evaluation by part and name, and what is left out."""
    evaluate.main(['--activations', str(folder), *FLAGS, *flags])
    result = json.loads((folder / f'evaluation{part}.json').read_text())
    return {name: {table['name']: {row['name']: dict(zip(
        table['columns'], row['cells'], strict=True))
        for row in table['rows']} for table in found['tables']}
        for name, found in result['parts'].items()}, result


def test_all_that_needs_no_network(tmp_path, capsys):
    folder = given_folders.write(tmp_path / 'given', texts=True)
    before = toys.listing(folder)
    tables, result = evaluated(folder)
    assert list(tables) == ['accuracy', 'uncertainty', 'debugging', 'audit']
    assert result['left_out'] == {'network': [
        'out-of-domain detection', 'scores by dropout and by unknown words',
        *NO_NETWORK, 'rank agreement of explanations']}
    shown = capsys.readouterr().out
    assert ('left out without a network: out-of-domain detection, '
            in shown) and shown.count('left out with') == 1
    # and what was said to be there is
    assert {'softmax', 'linear baseline'} < tables['accuracy'][
        'predictors'].keys()
    assert list(tables['uncertainty']) == ['calibration', 'errors', 'sets',
                                           'sets_by_class']
    scores = tables['uncertainty']['errors']
    assert 'Mahalanobis' in scores and not [
        name for name in scores if 'dropout' in name or 'unknown' in name]
    assert tables['debugging'].keys() == {
        'contradicted', 'suspects', 'near_duplicates', 'pairs'}
    assert tables['audit']['indexes']['exact']['rank agreement'] is None
    assert before <= toys.listing(folder)
    page = (folder / 'debugging.html').read_text()
    assert 'given, activations' in page and 'film' in page


def test_without_logits_and_texts(tmp_path, capsys):
    folder = given_folders.write(tmp_path / 'given', logits=False)
    tables, result = evaluated(folder)
    said = capsys.readouterr().out
    for name, part in PARTS.items():
        for what in part.needs:
            assert name in NO_NETWORK or re.search(
                rf'left out .*\b{what}\b', said), what
    assert list(tables['accuracy']) == ['predictors', 'layers', 'neighbors']
    assert list(tables['accuracy']['predictors']) == [
        'DkNN', 'DkNN, last layer', 'soft DkNN']
    assert list(tables['uncertainty']) == ['calibration', 'sets',
                                           'sets_by_class']
    assert list(tables['debugging']) == ['contradicted', 'suspects']
    assert all(name.startswith('example ')
               for name in tables['debugging']['suspects'])
    assert tables['debugging']['contradicted']['all']['softmax'] is None
    assert 'softmax' not in ''.join(tables['uncertainty']['calibration'])


def test_figures_of_a_run_are_those_of_its_activations(folders, tmp_path):
    """All that both say is the same, to the last bit; activations know no
    rows of a file."""
    run, given = tmp_path / 'run', tmp_path / 'given'
    flags = [*FLAGS, '--only', 'accuracy', 'debugging']
    evaluate.main(['--model-setup', str(folders['words']), '--out', str(run),
                   *flags])
    evaluate.main(['--activations', str(folders['words'] / 'activations'),
                   '--out', str(given), *flags])
    one, other = (json.loads((folder / 'evaluation.part.json').read_text())
                  for folder in (run, given))
    assert one['left_out'] == other['left_out'] == {}
    for found in (one, other):
        for part in found['parts'].values():
            del part['seconds']
    assert one == other
    for name in ('debugging.jsonl', 'debugging.html'):
        assert given_folders.without_rows((run / name).read_bytes()) == (
            given / name).read_bytes()


def test_parts_that_all_need_a_network(tmp_path):
    folder = given_folders.write(tmp_path / 'given')
    with pytest.raises(UserError, match='all parts of --only need a network'):
        evaluate.main(['--activations', str(folder), *FLAGS, '--only',
                       'faithfulness', 'artifacts'])
    assert not (folder / 'evaluation.part.json').exists()


@pytest.mark.parametrize('flags', [
    ['--judge', 'x'], ['--ensemble', 'x'], ['--ood', 'x'],
    ['--rationales', 'x'], ['--model-setup', 'x']])
def test_flags_that_need_a_network(tmp_path, flags):
    folder = given_folders.write(tmp_path / 'given')
    with pytest.raises(UserError, match=f'but {flags[0]} needs one'):
        evaluate.main(['--activations', str(folder), *flags])


def test_latex_has_the_sentence_as_a_comment(tmp_path, capsys):
    folder = given_folders.write(tmp_path / 'given')
    evaluated(folder, '--only', 'accuracy', '--latex', part='.part')
    assert '\n% left out without texts: linear baseline\n' in (
        capsys.readouterr().out)
