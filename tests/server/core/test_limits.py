"""Rate limits that hold over all processes of a hub."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time

import pytest
import requests
import sqlalchemy as sa
from catalogues import open_catalogue
from hub_process import HubProcess
from patience import PATIENCE

from tensorflow_hub.server.catalogue.rates import Rate, remove_full_buckets, take
from tensorflow_hub.server.core.limits import SharedLimit


@pytest.fixture(name="database")
def _database(tmp_path):
    database = open_catalogue(tmp_path / "catalogue")
    yield database
    database.close()


def test_a_bucket_allows_a_burst_and_then_one_at_a_time(database):
    limit = SharedLimit(database, "x", Rate(3, 3600))
    assert [limit.wait("a") for _ in range(3)] == [0, 0, 0]
    assert limit.wait("a") == pytest.approx(1200, rel=0.05)
    assert limit.wait("b") == 0


def test_processes_have_one_bucket_and_ask_for_it_seldom(database):
    one, other = (SharedLimit(database, "x", Rate(100, 3600)) for _ in range(2))
    waits = [limit.wait("a") for _ in range(60) for limit in (one, other)]
    assert waits.count(0) == 100
    asked = [one.wait_here("b") for _ in range(2)]
    assert asked == [None, None], "nothing is known of it"
    assert one.wait("b") == 0
    assert [one.wait_here("b") for _ in range(4)] == [0] * 4
    assert one.wait_here("b") is None, "its share is used up"


def test_a_refused_caller_is_refused_again_without_the_database(database):
    limit = SharedLimit(database, "x", Rate(1, 3600))
    assert limit.wait("a") == 0
    assert limit.wait("a") > 0
    assert limit.wait_here("a") == pytest.approx(3600, rel=0.05)


def test_a_share_that_is_not_used_in_time_is_worth_nothing(database):
    limit = SharedLimit(database, "x", Rate(1000, 1))
    assert limit.wait("a") == 0
    time.sleep(0.06)
    assert limit.wait_here("a") is None
    assert limit.wait("a") == 0
    assert len(list(iter(lambda: limit.wait_here("a"), None))) < 50, "a share is 50, of which one is used"


def test_no_limit(database):
    limit = SharedLimit(database, "x", Rate(0, 1))
    assert {limit.wait("a") for _ in range(1000)} == {0.0}


def test_a_catalogue_that_does_not_answer_limits_nobody(database, tmp_path):
    with database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE rate_limits")
    assert SharedLimit(database, "x", Rate(1, 3600)).wait("a") == 0


def test_buckets_that_are_full_again_are_forgotten(database):
    with database.writing() as connection:
        take(connection, "a", Rate(1, 3600), 1)
        remove_full_buckets(connection, 3600)
        assert take(connection, "a", Rate(1, 3600), 1)[0] == 0
        remove_full_buckets(connection, -1)
        assert take(connection, "a", Rate(1, 3600), 1) == (1, 0.0)


@pytest.mark.services
def test_a_bucket_that_is_forgotten_while_it_is_used_is_made_again(postgresql_catalogue):
    database, forgotten = postgresql_catalogue, threading.Semaphore(1)

    def forget(connection, cursor, statement, *_):
        """Another process removes the bucket just before this one locks its row."""
        if "FOR UPDATE" in statement and forgotten.acquire(blocking=False):
            with database.writing() as other:
                remove_full_buckets(other, -1)

    with database.writing() as connection:
        take(connection, "a", Rate(1, 3600), 1)
    sa.event.listen(database.engine, "before_cursor_execute", forget)
    with database.writing() as connection:
        assert take(connection, "a", Rate(1, 3600), 1) == (1, 0.0)
    assert not forgotten.acquire(blocking=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)], name="two_hubs")
def _two_hubs(request, tmp_path):
    """Two processes of one hub, with tight limits."""
    with contextlib.ExitStack() as stack:
        settings = {"TFHUB_SERVER_REQUESTS_PER_MINUTE": "40", "TFHUB_SERVER_PUBLISHES_PER_HOUR": "3"}
        settings["TFHUB_SERVER_GUESSES_PER_MINUTE"] = "2"
        if request.param == "postgresql":
            postgres = request.getfixturevalue("postgres")
            settings["TFHUB_SERVER_DATABASE"] = postgres.new_database("limits")
        yield [stack.enter_context(HubProcess(tmp_path / "data", **settings)) for _ in range(2)]


def test_two_processes_allow_no_more_than_one(two_hubs):
    token = {"Authorization": f"Bearer {two_hubs[0].token}"}
    asked = itertools.cycle(two_hubs)

    def ask(method, path, **options):
        return requests.request(method, next(asked).url + path, timeout=PATIENCE, **options).status_code

    def begin(number):
        body = {"handle": f"acme/model/{number}", "size": 9, "sha256": f"{number:064}"}
        return ask("POST", "/api/v1/uploads", json=body, headers=token)

    started = time.monotonic()
    assert [begin(number) for number in range(1, 6)] == [201, 201, 201, 429, 429]
    bad = {"Authorization": "Bearer tfhub_junk"}
    unknown = [ask("GET", "/api/v1/tokens/self", headers=bad) for _ in range(4)].count(401)
    assert 2 <= unknown <= 2 + (time.monotonic() - started) * 2 / 60
    answers = [ask("GET", "/help") for _ in range(80)]
    passed = answers.count(200)
    grown = (time.monotonic() - started) * 40 / 60
    assert {*answers} == {200, 429}
    used, share = 9, 2  # before; and what each of the two may hold
    assert 40 - used - 2 * share <= passed <= 40 - used + grown + 1
