"""Whole records, every node of them, and random JSON to put there."""
import copy
import json

from hypothesis import strategies as st

SINGLE = {
    'version': 1, 'id': 17, 'split': 'test',
    'source': {'row': 130, 'id': 'n128'}, 'dataset': 'toy',
    'model': 'cnn', 'label_names': ['negative', 'positive'], 'gold': 1,
    'words': [['fine', 'film']], 'known': [[True, False]],
    'softmax': {'label': 1, 'probabilities': [.25, .75], 'confidence': .75,
                'calibrated_confidence': .6, 'temperature': 1.5},
    'dknn': {'label': 0, 'conformity': [.75, .25], 'p_values': [.6, .1],
             'credibility': .6, 'confidence': .9, 'prediction_set': [0, 1],
             'error': .05},
    'soft': {'label': 1, 'conformity': [.4, .6], 'p_values': [.3, .7],
             'credibility': .7, 'confidence': .7, 'prediction_set': [0, 1],
             'error': .05},
    'methods': {'conformity': {'target': 0, 'scores': [[.5, -.25]]},
                'integrated_gradients': {'target': 1, 'scores': [[.25, .5]],
                                         'gap': .01}},
    'neighbors': [{'layer': 'last', 'votes': [3, 1], 'weight': .5, 'nearest': [
        {'index': 40, 'label': 1, 'distance': .25, 'texts': ['a film'],
         'share': .125, 'source': {'row': 7, 'id': 'n5'}}]}],
    'removed': {'text': 0, 'word': 0, 'layers': [
        {'layer': 'last', 'left': [40], 'left_votes': [0, 1],
         'came': [41], 'came_votes': [1, 0]}]},
    'reduction': {'method': 'conformity', 'text': 0, 'removed': [1],
                  'confidence': [.75, .7], 'credibility': [.6, .5]}}


def pair():
    """The same text as a hypothesis, behind a premise without scores."""
    record = copy.deepcopy(SINGLE)
    record['words'].insert(0, ['a', 'man', 'sleeps'])
    record['known'].insert(0, [True] * 3)
    for entry in record['methods'].values():
        entry['scores'].insert(0, None)
    record['removed']['text'] = record['reduction']['text'] = 1
    record['neighbors'][0]['nearest'][0]['texts'] = ['a man', 'a film']
    return record


PAIR = pair()


def nodes(value, path=()):
    """Yields the path to every part of a JSON value."""
    items = {dict: lambda: value.items(), list: lambda: enumerate(value)}.get(
        type(value), tuple)()
    for key, part in items:
        yield (*path, key)
        yield from nodes(part, (*path, key))


def changed(record, path, change):
    """A copy with ``change(parent, key)`` done at a path."""
    record = copy.deepcopy(record)
    parent = record
    for key in path[:-1]:
        parent = parent[key]
    change(parent, path[-1])
    return record


def replaced(record, path, value):
    return changed(record, path, lambda parent, key: parent.__setitem__(
        key, value))


def without(record, path):
    return changed(record, path, lambda parent, key: parent.__delitem__(key))


def write(path, *records):
    """Lines of JSON, with NaN where Python says so."""
    path.write_text(''.join(json.dumps(record) + '\n' for record in records))
    return path


numbers = st.one_of(
    st.integers(-3, 3), st.integers(), st.floats(),
    st.sampled_from([2 ** 31, 2 ** 63, 10 ** 30, 10 ** 400, 1e308, 5e-324]))
texts = st.one_of(st.text(max_size=5), st.sampled_from(
    ['<eos>', '\x1b[31m', '\ud800', '</script>', '__proto__', 'test']))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda part: st.one_of(st.lists(part, max_size=3),
                           st.dictionaries(texts, part, max_size=3)),
    max_leaves=8)
