"""Records to look at in a browser, and which of them are shown."""


EVIL = '<script>alert(1)</script>'


def record(number, words, gold, dknn, softmax, credibility, confidence, /,
           **methods):
    return {
        'id': number, 'split': 'test', 'dataset': 'toy', 'model': 'cnn',
        'label_names': ['negative', 'positive'], 'gold': gold,
        'words': [words], 'known': [[w != 'zyx' for w in words]],
        'softmax': {'label': softmax, 'probabilities': [.3, .7],
                    'confidence': confidence, 'calibrated_confidence': .5},
        'dknn': {'label': dknn, 'conformity': [.25, .75],
                 'p_values': [.1, .2], 'credibility': credibility,
                 'confidence': .9, 'prediction_set': [0, 1], 'error': .05},
        'methods': {name: {'target': 1, 'scores': [scores]}
                    for name, scores in methods.items()},
        'neighbors': [{'layer': 'last', 'votes': [1, 3], 'nearest': [
            {'index': 40 + number, 'label': 1, 'distance': .25,
             'texts': [f'{EVIL} & {number}']}]}]}


RECORDS = [
    record(0, ['a', 'fine', 'film'], 1, 1, 1, .6, .9,
           conformity=[0, 1, .5], gradient=[0, 2, 1]),
    record(1, ['zyx', EVIL, '&', 'dull'], 0, 1, 1, .02, .7,
           conformity=[1, 2, 3, 4], gradient=[4, 3, 2, 1]),
    record(2, ['a', 'dull', 'Film'], 0, 0, 1, .3, .8,
           conformity=[0, -.5, .25], gradient=[1, 0, .5]),
    record(3, ['so', 'so'], None, 1, 0, None, .6,
           conformity=[1, 2], gradient=[1, 2]),
]


def shown(page):
    return page.evaluate('''[...document.querySelectorAll("article")]
        .filter(a => a.checkVisibility()).map(a => a.id)''')


def paper(page):
    return page.evaluate('getComputedStyle(document.body).backgroundColor')


def reload_until(page, colour, times=20):
    """Loads the page again until its paper has a colour.

    A browser may hand out what was stored a moment late.
    """
    for _ in range(times):
        page.reload()
        if paper(page) == colour:
            return
    raise AssertionError(f'{paper(page)}, not {colour}')
