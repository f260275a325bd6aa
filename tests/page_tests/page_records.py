"""Records for the tests of page and figures, and a parser of the page."""
import json

import html5lib


def make_record(words=('a', 'fine', 'film'), scores=(0., .5, -.25), **keys):
    words = list(words)
    return {
        'version': 1, 'id': 17, 'split': 'test', 'dataset': 'toy',
        'model': 'cnn', 'label_names': ['negative', 'positive'], 'gold': 1,
        'words': [words], 'known': [[True] * len(words)],
        'softmax': {'label': 1, 'probabilities': [.02, .98],
                    'confidence': .98, 'calibrated_confidence': .91},
        'dknn': {'label': 0, 'conformity': [.75, .25],
                 'p_values': [.62, .003], 'credibility': .62,
                 'confidence': .997, 'prediction_set': [0], 'error': .05},
        'methods': {'conformity': {'target': 0, 'scores': [list(scores)]}},
        **keys}


def make_pair(**keys):
    return make_record(
        words=[['a', 'man', 'sleeps'], ['he', 'runs']],
        **{'known': [[True, False, True], [True, True]],
           'methods': {'gradient': {'target': 0, 'scores': [None, [1, -2]]}},
           **keys}) | {'words': [['a', 'man', 'sleeps'], ['he', 'runs']]}


def parse(text):
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(text)


def cells(tree):
    return [(cell.text or '', cell.get('class'), cell.get('data-v'))
            for cell in tree.findall('.//article//td')]


def embedded(tree):
    return json.loads(tree.find('.//script[@id="data"]').text)
