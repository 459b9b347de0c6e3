"""How much of something one client may use in a time."""

import pytest

from ganedit.ui.http.buckets import TokenBuckets


def test_a_bucket_refills_evenly_and_never_over_its_size() -> None:
    now = [0.0]
    buckets = TokenBuckets(60, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(60)] == [0.0] * 60
    assert buckets.take("a") == pytest.approx(1.0)
    assert buckets.take("b") == 0.0
    now[0] = 2.0
    assert [buckets.take("a") > 0 for _ in range(3)] == [False, False, True]
    now[0] = 1000.0
    assert sum(buckets.take("a") == 0.0 for _ in range(100)) == 60


def test_many_clients_do_not_grow_the_table_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TokenBuckets, "MAX_CLIENTS", 8)
    now = [0.0]
    buckets = TokenBuckets(1, clock=lambda: now[0])
    for step in range(40):
        now[0] += 20
        buckets.take(f"client {step}")
        assert len(buckets._levels) <= 8


def test_inventing_clients_does_not_fill_the_bucket_of_the_one_who_emptied_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TokenBuckets, "MAX_CLIENTS", 8)
    buckets = TokenBuckets(10, clock=lambda: 0.0)
    assert [buckets.take("guesser") for _ in range(10)] == [0.0] * 10
    for step in range(40):
        buckets.take(f"invented {step}")
    assert buckets.take("guesser") > 0


def test_what_was_taken_for_nothing_can_be_given_back_but_not_more() -> None:
    buckets = TokenBuckets(2, clock=lambda: 0.0)
    buckets.take("a", 2)
    assert buckets.wait_seconds("a", 1) == pytest.approx(30)
    buckets.give_back("a")
    assert (buckets.wait_seconds("a", 1), buckets.wait_seconds("a", 2) > 0) == (0.0, True)
    buckets.give_back("a", 100)
    assert [buckets.take("a") > 0 for _ in range(3)] == [False, False, True]
