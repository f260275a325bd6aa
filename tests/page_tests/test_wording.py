"""Numbers and names in words."""
import pytest

from page import wording


@pytest.mark.parametrize('share, said', [
    (0, '0 %'), (.0004, 'less than 0.1 %'), (.001, '0.1 %'), (.034, '3.4 %'),
    (.34, '34 %'), (.994, '99.4 %'), (.9996, 'more than 99.9 %'),
    (1, '100 %')])
def test_percent(share, said):
    assert wording.percent(share) == said


def test_credibility_and_sets_in_words():
    assert wording.unusual(.34) == '34 % of held-out texts are as unusual'
    assert wording.unusual(1) == 'no held-out text is more usual'
    assert wording.set_meaning([0, 1], 2) == 'no label could be ruled out'
    assert wording.set_meaning([1], 2) == 'all others are ruled out'
    assert wording.set_meaning([1, 2], 3) == 'the other one is ruled out'
    assert wording.set_meaning([1, 2], 6) == 'the other 4 are ruled out'
    assert 'every label is ruled out' in wording.set_meaning([], 2)
