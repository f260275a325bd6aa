"""Which tables are drawn."""
from evaluation import pictures
from evaluation.tables import Table
from metrics.bootstrap import Estimate


def falls(judge):
    return Table(f'falls_{judge}', '', ['top 1', 'mean', 'minus logodds'], [
        ('random', [.1, Estimate(1., 0., 2.), Estimate(-9., -9., -8.)]),
        ('logodds', [.2, Estimate(3., 2., 4.), None])])


def test_the_independent_judge_comes_first():
    found = pictures.estimates([falls('softmax'), falls('independent')])
    (title, rows), (_, gaps) = found['faithfulness']
    assert 'independent' in title
    assert rows == [('random', (1., 0., 2.)), ('logodds', (3., 2., 4.))]
    # the gap of random would fill the axis
    assert gaps == [('random', None), ('logodds', None)]
    found = pictures.estimates([falls('softmax')])
    assert 'softmax' in found['faithfulness'][0][0]


def test_curves_of_some_methods():
    panels, judge = pictures.curves([
        Table(f'{order}_first_softmax', '', ['0%', '100%'],
              [('random', [1., 0.]), ('gradient', [1., 0.])])
        for order in ('most', 'least')])
    assert judge == 'softmax'
    assert [curves for _, curves in panels] == [[('random', [1., 0.])]] * 2
    assert pictures.curves([]) == ([], None)
    assert pictures.estimates([]) == {}
