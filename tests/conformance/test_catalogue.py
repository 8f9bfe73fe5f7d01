"""What the catalogue does, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import concurrent.futures

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from patience import PATIENCE, until

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import audit, reading, tokens, uploads, writing
from tensorflow_hub.server.catalogue.audience import PUBLIC
from tensorflow_hub.server.catalogue.counting import add_downloads
from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.migrate import is_current, migrate
from tensorflow_hub.server.catalogue.records import DELETED, VISIBLE, WITHDRAWN, Deployment
from tensorflow_hub.server.catalogue.tables import metadata

CARD = writing.CardText("module", "# Module a/b/1\nText.", "Text.", {"task": ("text-embedding",)})
DEPLOYMENT = Deployment("saved_model", "a" * 64, 10, "sha256:" + "b" * 64, 20, 3, {"kind": "hub"}, 0)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def database(request, tmp_path, new_name):
    url = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database(new_name())
    database = Database(database_url(url, tmp_path))
    migrate(database)
    yield database
    database.close()


def add(database, handle, card=CARD, deployment=DEPLOYMENT):
    with database.writing() as connection:
        version = writing.add_version(connection, ModelName.parse(handle), card.kind, "somebody")
        writing.set_card(connection, version, card)
        writing.add_deployment(connection, version, deployment)
        return version


def find(database, handle):
    with database.reading() as connection:
        return reading.find_version(connection, ModelName.parse(handle))


def test_the_migrations_make_the_tables_of_this_program(database):
    migrate(database)
    with database.reading() as connection:
        assert is_current(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_a_database_of_a_newer_program_is_refused(database):
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="revision '9999'"):
        migrate(database)


def test_a_version_is_found_with_all_of_it(database):
    add(database, "acme/deep/name/3")
    version = find(database, "acme/deep/name/3")
    assert (version.handle, version.state, version.model.latest) == ("acme/deep/name/3", VISIBLE, 3)
    with database.reading() as connection:
        assert reading.find_card(connection, version).metadata == {"task": ["text-embedding"]}
        assert reading.list_deployments(connection, version) == [DEPLOYMENT]
        assert reading.find_deployment(connection, version, "tfjs") is None
        assert [p.name for p in reading.list_publishers(connection, PUBLIC)] == ["acme"]
        assert [m.handle for m in reading.list_models(connection, "ACME")] == ["acme/deep/name"]


def test_names_of_publishers_do_not_differ_by_case_only(database):
    add(database, "Acme/a/1")
    add(database, "acme/b/1")
    assert find(database, "Acme/b/1").handle == "Acme/b/1"
    with database.reading() as connection:
        assert len(reading.list_publishers(connection, PUBLIC)) == 1


def test_the_latest_version_has_the_highest_visible_number(database):
    versions = [add(database, f"a/b/{number}") for number in (2, 10, 1)]
    assert find(database, "a/b").number == 10
    for state, newest in ((WITHDRAWN, 2), (VISIBLE, 10), (DELETED, 2)):
        with database.writing() as connection:
            writing.set_state(connection, versions[1], state, "because")
        assert find(database, "a/b").number == newest
    with database.reading() as connection:
        assert reading.list_deployments(connection, versions[1]) == []
    for version in (versions[0], versions[2]):
        with database.writing() as connection:
            writing.set_state(connection, version, WITHDRAWN, "")
    assert find(database, "a/b") is None


def test_a_transaction_that_fails_leaves_nothing(database):
    with pytest.raises(RuntimeError, match="killed"), database.writing() as connection:  # noqa: PT012
        version = writing.add_version(connection, ModelName.parse("a/b/1"), "module", "x")
        writing.set_card(connection, version, CARD)
        raise RuntimeError("killed")
    assert find(database, "a/b/1") is None
    with database.reading() as connection:
        assert reading.list_publishers(connection, PUBLIC) == []


def test_readers_see_all_of_a_version_or_nothing(database):
    looks = [0, 0, 0, 0]

    def watch(number):
        """What is there of the version as soon as it can be seen."""
        while (version := find(database, "a/b/1")) is None:
            looks[number] += 1
        with database.reading() as connection:
            return reading.list_deployments(connection, version)

    def wait_for_each_watcher():
        """A look that begins from now on: the one under way may have begun before."""
        before = looks.copy()
        until(lambda: all(now > then + 1 for now, then in zip(looks, before, strict=True)), "a look")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        watchers = [pool.submit(watch, number) for number in range(4)]
        with database.writing() as connection:
            version = writing.add_version(connection, ModelName.parse("a/b/1"), "module", "x")
            wait_for_each_watcher()
            writing.set_card(connection, version, CARD)
            wait_for_each_watcher()
            writing.add_deployment(connection, version, DEPLOYMENT)
            wait_for_each_watcher()
        assert [len(watcher.result(PATIENCE)) for watcher in watchers] == [1] * 4


def test_of_concurrent_publishers_exactly_one_wins(database):
    def publish(number):
        try:
            add(database, f"race/model/{number}")
        except sa.exc.IntegrityError:
            return 0
        return 1

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for number in range(1, 11):
            assert sum(pool.map(publish, [number] * 4)) == 1


def test_downloads_add_up(database):
    first, second = add(database, "a/b/1"), add(database, "a/b/2")
    for _ in range(2):
        with database.writing() as connection:
            add_downloads(connection, {(first.id, 100): 2, (second.id, 100): 1, (second.id, 101): 4})
    with database.reading() as connection:
        model = reading.find_model(connection, ModelName.parse("a/b"))
        assert model.downloads == 14
        assert reading.downloads_by_day(connection, model) == [(100, 6), (101, 8)]


def test_downloads_from_many_processes_are_not_lost(database):
    ids = [add(database, f"a/m{number}/1").id for number in range(3)]

    def flush(number):
        with database.writing() as connection:
            add_downloads(connection, {(ids[(number + i) % 3], 5): 1 for i in range(3)})

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(flush, range(24)))
    with database.reading() as connection:
        assert [m.downloads for m in reading.list_models(connection, "a")] == [24, 24, 24]


def test_tokens(database):
    with database.writing() as connection:
        publisher = writing.ensure_publisher(connection, "acme")
        number, secret = tokens.create_token(connection, "ci", "publish", publisher.id, created_by="x")
        _, expired = tokens.create_token(connection, "old", "read", None, created_by="x", expires_at=1)
    with database.reading() as connection:
        token = tokens.find_token(connection, secret)
        assert (token.id, token.scope, token.publisher) == (number, "publish", "acme")
        assert tokens.find_token(connection, expired) is None
        assert tokens.find_token(connection, "tfhub_other") is None
        assert len(tokens.list_tokens(connection)) == 2
        assert [t.name for t in tokens.list_tokens(connection, "acme")] == ["ci"]
    with database.writing() as connection:
        tokens.revoke_token(connection, number)
    with database.reading() as connection:
        assert tokens.find_token(connection, secret) is None


def test_uploads_advance_once(database):
    values = {
        "token_id": 1,
        "handle": "a/b/1",
        "deployment": "saved_model",
        "size": 9,
        "sha256": "x",
    }
    with database.writing() as connection:
        upload = uploads.create_upload(connection, hours=1, card="", **values)
        assert uploads.find_resumable(connection, **values) == upload
        for other in ({"token_id": 2}, {"deployment": "tflite"}, {"size": 8}):
            assert uploads.find_resumable(connection, **{**values, **other}) is None
        assert uploads.advance_upload(connection, upload, 0, 5)
        assert not uploads.advance_upload(connection, upload, 0, 5)
        assert uploads.find_upload(connection, upload.id).received == 5
        uploads.remove_upload(connection, upload.id)
        assert uploads.find_upload(connection, upload.id) is None


def test_the_audit_log_is_paged_and_filtered(database):
    with database.writing() as connection:
        for number in range(5):
            audit.add_entry(connection, "me", "::1", "publish", f"acme/m/{number}", size=number)
        audit.add_entry(connection, "me", "::1", "publish", "acme_b/m/1")
    with database.reading() as connection:
        entries = audit.list_entries(connection, "acme", limit=2)
        assert [entry.detail["size"] for _, entry in entries] == [4, 3]
        rest = audit.list_entries(connection, "acme", before=entries[-1][0])
        assert [entry.detail["size"] for _, entry in rest] == [2, 1, 0]
        assert len(audit.list_entries(connection)) == 6
