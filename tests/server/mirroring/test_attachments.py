"""Pictures, signatures and measurements of a mirrored version: fetched, refreshed and checked."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
import requests
from hub_content import card, module
from hub_process import HubProcess
from patience import PATIENCE, until
from pictures import SECRET, picture

from tensorflow_hub.client.measurements import Figures, attach, detach
from tensorflow_hub.client.publishing import publish
from tensorflow_hub.errors import NotFoundError
from tensorflow_hub.format.card.picture_file import read_picture
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audience import EVERYTHING
from tensorflow_hub.server.catalogue.measurements import Author, list_measurements, put_measurement
from tensorflow_hub.server.core.hub import open_hub
from tensorflow_hub.server.mirroring.card_pictures import fetch_pictures
from tensorflow_hub.server.mirroring.measurements import keep_measurements
from tensorflow_hub.server.mirroring.refreshing import refresh
from tensorflow_hub.server.mirroring.upstream import Upstream
from tensorflow_hub.server.settings import ServerSettings

HANDLE, NAME = "acme/cats/1", ModelName("acme", "cats", 1)
CARD = card(HANDLE, "Module", "derived-from: google/yamnet/1") + "\n![Cats](cats.png)\n"
ACCURACY = Figures("photos", "accuracy", 0.9, low=0.8, high=0.95, dataset_url="https://data.example/photos")


def entry_of(hub):
    return requests.get(f"{hub.url}/api/v1/models/{HANDLE}", timeout=PATIENCE).json()


def test_pictures_measurements_and_origins_come_with_a_version_and_are_followed(tmp_path):
    (tmp_path / "card.md").write_text(CARD)
    (tmp_path / "cats.png").write_bytes(picture())
    with HubProcess(tmp_path / "upstream", TFHUB_SERVER_MEASUREMENTS_OF_OTHERS="1") as upstream:
        to = {"hub": upstream.url, "token": upstream.token}
        publish(module(), card=tmp_path / "card.md", **to)
        publish(module(), card=card("other/words/1"), **to)
        first = attach(HANDLE, ACCURACY, **to)
        attach(HANDLE, ACCURACY, publisher="other", **to)
        with HubProcess(tmp_path / "mirror", arguments=("--upstream", upstream.url)) as mirror:
            requests.get(
                f"{mirror.url}/{HANDLE}?tf-hub-format=compressed", timeout=PATIENCE
            ).raise_for_status()
            until(lambda: entry_of(mirror)["measurements"], "the attachments")
            there, here = entry_of(upstream), entry_of(mirror)
            assert here["derived_from"] == ["google/yamnet/1"]
            [shown] = here["pictures"]
            assert shown["sha256"] == there["pictures"][0]["sha256"]
            data = requests.get(shown["url"], timeout=PATIENCE).content
            assert hashlib.sha256(data).hexdigest() == shown["sha256"]
            assert SECRET not in data
            # The publisher `other` is not mirrored, so nothing is said in its name.
            [measured] = here["measurements"]
            assert measured["publisher"] == "acme"
            assert measured["measured_by"] == f"mirror of {upstream.url}/{HANDLE}"
            unchanged = ("dataset", "metric", "value", "low", "high", "dataset_url", "measured_at")
            assert {key: measured[key] for key in unchanged} == {key: first[key] for key in unchanged}
            assert "mirrored from" in requests.get(f"{mirror.url}/{HANDLE}", timeout=PATIENCE).text
        hub = open_hub(ServerSettings(data=str(mirror.data)))
        with contextlib.closing(hub.database):
            with hub.database.writing() as connection:
                version = reading.find_version(connection, NAME)
                publisher = reading.find_publisher(connection, "acme")
                ours = Figures("photos", "loss", 2.0)
                put_measurement(connection, version, publisher, Author("ci", None, 7), ours)
            attach(HANDLE, Figures("photos", "loss", 1.0), **to)
            detach(first["id"], **to)
            refresh(hub, Upstream(upstream.url), NAME)
            with hub.database.reading() as connection:
                [kept] = list_measurements(connection, version, EVERYTHING)
        assert kept.figures == ours


@pytest.fixture
def mirrored(tmp_path):
    """A hub with a version of a mirrored publisher, without files."""
    hub = open_hub(ServerSettings(data=str(tmp_path / "data")))
    with hub.database.writing() as connection:
        writing.ensure_publisher(connection, "acme", mirrored=True)
        writing.ensure_publisher(connection, "ours")
        version = writing.add_version(connection, NAME, "module", "mirror")
    with contextlib.closing(hub.database):
        yield hub, version


GOOD = {"publisher": "acme", "dataset": "d", "metric": "m", "value": 1.0, "task": "", "measured_at": "9999"}
SENSELESS = [
    None,
    7,
    "text",
    [],
    {},
    {**GOOD, "publisher": 7},
    {**GOOD, "publisher": "ours"},
    {**GOOD, "publisher": "nobody"},
    {**GOOD, "value": float("nan")},
    {**GOOD, "value": float("inf")},
    {**GOOD, "value": "1"},
    {**GOOD, "dataset": "x" * 201},
    {**GOOD, "dataset": "a\x00b"},
    {**GOOD, "dataset_url": "javascript:alert(1)"},
    {**GOOD, "low": 2.0, "high": 3.0},
    {**GOOD, "size": 1 << 70},
    {**GOOD, "dataset_digest": "sha256:" + "x" * 64},
]


def test_only_valid_measurements_of_upstream_are_stored(mirrored):
    hub, version = mirrored
    for listed in (None, 7, "text", {}, SENSELESS):
        with hub.database.writing() as connection:
            keep_measurements(connection, version, {"measurements": listed}, "somewhere")
            assert list_measurements(connection, version, EVERYTHING) == []
    many = [{**GOOD, "dataset": f"d{number}"} for number in range(150)]
    with hub.database.writing() as connection:
        keep_measurements(connection, version, {"measurements": [*SENSELESS, *many]}, "somewhere")
        assert len(list_measurements(connection, version, EVERYTHING)) == 100
        keep_measurements(connection, version, {}, "somewhere")  # an earlier release says nothing of them
        assert len(list_measurements(connection, version, EVERYTHING)) == 100
        keep_measurements(connection, version, {"measurements": [{**GOOD, "value": 2.0}]}, "somewhere")
        [kept] = list_measurements(connection, version, EVERYTHING)
        assert (kept.figures.value, kept.author.is_mirror) == (2.0, True)


class _Pictures:
    """An upstream hub whose pictures are in memory."""

    def __init__(self, *files):
        self.files = {hashlib.sha256(data).hexdigest(): data for data in files}

    def picture(self, session, name, sha256):
        if sha256 not in self.files:
            raise NotFoundError("No such picture.", hint="Ask for another.")
        return self.files[sha256]


def test_a_picture_is_kept_only_if_it_is_one_and_of_the_card():
    good, broken = read_picture(picture()).data, picture()[:100]
    upstream = _Pictures(good, broken, b"<svg onload=alert(1)>")
    upstream.files["0" * 64] = good  # the content has another digest
    [sha256, of_broken, of_svg, _] = upstream.files
    listed = [
        None,
        7,
        {},
        {"path": 7, "sha256": sha256},
        {"path": "cats.png", "sha256": "../" + sha256[3:]},
        {"path": "cats.png", "sha256": "1" * 64},
        {"path": "cats.png", "sha256": "0" * 64},
        {"path": "cats.png", "sha256": of_broken},
        {"path": "cats.png", "sha256": of_svg},
        {"path": "dogs.png", "sha256": sha256},
    ]
    for pictures in (None, 7, {"path": "cats.png"}, listed):
        entry = {"card": CARD, "pictures": pictures}
        assert fetch_pictures(upstream, None, NAME, entry, card=CARD, known=()) == {}
    entry = {"card": CARD, "pictures": [*listed, {"path": "cats.png", "sha256": sha256}]}
    assert list(fetch_pictures(upstream, None, NAME, entry, card=CARD, known=())) == ["cats.png"]
    assert fetch_pictures(upstream, None, NAME, entry, card=CARD, known=[sha256]) == {}
    assert fetch_pictures(upstream, None, NAME, entry, card=CARD + " ", known=()) == {}
