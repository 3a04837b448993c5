"""How often a token may ask."""

from market.access.buckets import Buckets


def test_a_full_bucket_gives_what_it_holds_and_then_says_how_long_to_wait() -> None:
    buckets = Buckets(size=2, rate=0.5)
    assert [buckets.take(1, 0.0) for _ in range(3)] == [0.0, 0.0, 2.0]


def test_a_bucket_fills_up_again_and_never_over() -> None:
    buckets = Buckets(size=2, rate=0.5)
    assert [buckets.take(1, 0.0) for _ in range(2)] == [0.0, 0.0]
    assert buckets.take(1, 2.0) == 0.0
    assert [buckets.take(1, 1_000.0) for _ in range(3)] == [0.0, 0.0, 2.0]


def test_a_call_that_is_refused_takes_nothing() -> None:
    buckets = Buckets(size=1, rate=0.5)
    assert [buckets.take(1, now) for now in (0.0, 1.0, 1.0, 2.0)] == [0.0, 1.0, 1.0, 0.0]


def test_each_token_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(size=1, rate=0.5)
    assert [buckets.take(whose, 0.0) for whose in (1, 2)] == [0.0, 0.0]
