"""Explanations of toy runs beside what people marked."""
import compat  # noqa: F401  (before Chainer)

import json

import numpy as np
import toys

from evaluation import agreement
from files.rationales import Rationale


def rationale(text, label, marked):
    words = tuple(text.split())
    return Rationale(words, label,
                     np.array([float(word in marked) for word in words]))


def rows_of(table):
    return {name: dict(zip(table.columns, cells, strict=True))
            for name, cells in table.rows}


def test_texts_that_the_run_has_seen_are_left_out(setting):
    own = setting('bow')
    train = own.run.data.train[0]
    written = ' '.join(train.texts[0]).upper() + ' .'  # by somebody else
    found = agreement.judge(own, [
        rationale(written, own.run.data.label_names[train.label],
                  written.split()),
        rationale('good good film', 'positive', {'good'})])
    assert [each.words for each in found.rationales] == [
        ('good', 'good', 'film')]
    assert found.n_all == 2


def test_texts_classified_in_another_way_are_left_out(setting):
    own = setting('bow')
    found = agreement.judge(own, [
        rationale('good lovely film', 'negative', {'good'}),
        rationale('good lovely film', 'positive', {'lovely'}),
        rationale('good lovely film', 'positive', ())])
    assert len(found.rationales) == 1


def test_figures_by_hand(setting, tmp_path, monkeypatch):
    """One text, scores 3 1 2, the first two words marked: the top word is,
    one of the top two is, precision is 1 and 2 / 3."""
    lines = [{'text': 'good lovely film', 'label': 'positive',
              'weights': [1, 1, 0]}]
    path = tmp_path / 'own.jsonl'
    path.write_text('\n'.join(map(json.dumps, lines)))
    own = setting('bow', rationales=str(path))
    monkeypatch.setattr(agreement, 'scores_of', lambda *_: {
        name: [np.array([3., 1, 2])] for name in ('logodds', 'soft')})
    *_, (name, title, found) = agreement.sources(own)
    table = agreement.with_people(own, name, title,
                                  agreement.judge(own, found))
    row = rows_of(table)['soft']
    assert row['top word'].value == 1
    assert row['F1'].value == .5
    np.testing.assert_allclose(row['average precision'].value, (1 + 2 / 3) / 2)
    assert row['F1 minus logodds'].value == 0
    # ranks 3 1 2 less 2 times ranks 2.5 2.5 1 less 2: .5 - .5 + 0
    np.testing.assert_allclose(row['Spearman'].value, 0, atol=1e-12)


def test_the_lexicon_alone_speaks_for_the_label(setting, tmp_path):
    folder = tmp_path / agreement.OPINIONS
    folder.mkdir()
    for sign in ('negative', 'positive'):
        (folder / f'{sign}-words.txt').write_text(
            '\n'.join(toys.WORDS[sign]), encoding='latin-1')
    own = setting('bow', data_dir=str(tmp_path))
    scores = agreement._lexicon_alone(own, [
        rationale('good bad film', label, ()) for label in (
            'negative', 'positive', own.run.data.label_names.index(
                'negative'))])
    assert [each.tolist() for each in scores] == [
        [-1, 1, 0], [1, -1, 0], [-1, 1, 0]]
