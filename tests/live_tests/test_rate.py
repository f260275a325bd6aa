"""How often a client may ask."""
import pytest

from live import rate


def test_a_bucket_fills_again():
    """4 at once; then 2 a second: after 1.5 s another 3, and no more."""
    now = [10.]
    own = rate.Rate(2, 4, lambda: now[0])
    assert [own.allows('a') for _ in range(6)] == [True] * 4 + [False] * 2
    now[0] += 1.5
    assert [own.allows('a') for _ in range(4)] == [True] * 3 + [False]
    assert own.allows('b')  # has one of its own
    now[0] += 1000
    assert [own.allows('a') for _ in range(5)] == [True] * 4 + [False]


def test_clients_that_are_remembered_are_few(monkeypatch):
    monkeypatch.setattr(rate, 'MOST_CLIENTS', 3)
    own = rate.Rate(1, 1, lambda: 0.)
    assert all(own.allows(client) for client in range(10))
    assert [own.allows(client) for client in (9, 8, 7)] == [False] * 3
    assert len(own._left) == 3


def test_who_asks_too_often_is_told_so(explainer):
    pytest.importorskip('flask')
    from live.app import make_app
    from live.desk import Desk
    client = make_app(Desk(explainer()), rate=rate.Rate(
        1, 2, lambda: 0.)).test_client()
    answers = [client.post('/api/similar', json={'word': 'good'})
               for _ in range(3)]
    assert [found.status_code for found in answers] == [200, 200, 429]
    assert answers[2].headers['Retry-After'] == '1'
    assert answers[2].get_json() == {
        'error': 'this client asks too often; ask again in a moment'}
    assert client.get('/api/run').status_code == 200  # that costs nothing
