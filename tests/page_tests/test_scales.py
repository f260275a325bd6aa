"""One scale a method, and what is too little to count."""
import pytest
from page_records import make_record

from page.scales import NOISE, Scale, method_scales
from saliency.methods import METHODS


def scaled(name, scores=(0., 0., 0.), **keys):
    return method_scales([make_record(scores=scores, methods={
        name: {'target': 0, 'scores': [list(scores)]}}, **keys)])[name]


def test_noise_of_conformity_is_one_neighbour_of_all():
    layers = [{'layer': 'a', 'votes': [40, 35], 'nearest': []},
              {'layer': 'b', 'votes': [75, 0], 'nearest': []}]
    # 1 / 150, as a score is written
    assert scaled('conformity', neighbors=layers).noise == .00667
    assert scaled('conformity').noise == 0  # how many vote is not said


def test_noise_of_others_is_a_point_of_probability():
    # at p = .5: .51 less .5; log-odds log(.51 / .49) = .0400; at p = 1 log p
    assert scaled('confidence') == Scale(.1, .01)
    assert scaled('soft_shapley') == Scale(.4, .04)
    assert scaled('gradient') == Scale(.1, .01)
    assert scaled('random') == scaled('my own') == Scale(0, 0)


def test_full_colour_is_ten_times_the_noise_at_least():
    # 99th percentile of 0, 0, 0, s: .97 s
    assert scaled('confidence', (0, 0, .05)).full == .1
    assert scaled('confidence', (0, 0, -.5)).full == pytest.approx(.485)


def test_every_unit_has_a_noise():
    units = {method.unit for method in METHODS.values()}
    assert units - {''} == NOISE.keys()
