"""Token buckets."""

from __future__ import annotations

import pytest

from tensorflow_hub.server.core.limits import RateLimit


def test_a_bucket_allows_a_burst_and_then_one_at_a_time():
    limit = RateLimit(3, seconds=3600)
    assert [limit.wait("a") for _ in range(3)] == [0, 0, 0]
    assert limit.wait("a") == pytest.approx(1200, rel=0.01)
    assert limit.wait("b") == 0


def test_looking_takes_nothing():
    limit = RateLimit(1, seconds=3600)
    assert [limit.wait("a", take=False) for _ in range(3)] == [0, 0, 0]
    assert limit.wait("a") == 0
    assert limit.wait("a", take=False) > 0


def test_no_limit():
    limit = RateLimit(0, seconds=1)
    assert not any(limit.wait("a") for _ in range(1000))


def test_memory_is_bounded():
    limit = RateLimit(1, seconds=3600)
    for i in range(60_000):
        limit.wait(str(i))
    assert len(limit._buckets) <= 50_000
