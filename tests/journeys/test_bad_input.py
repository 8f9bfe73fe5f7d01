"""Whatever goes wrong, the command says what, says what to do next, and leaves nothing half-written.

A real hub, real processes; each case is somebody's ordinary mistake, or somebody's attack.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.hub_content import card, module
from tests.support.hub_process import HubProcess

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = "acme/line"


@dataclasses.dataclass(frozen=True)
class Place:
    """A hub with one model on it, and a folder with all that is wrong."""

    url: str
    token: str
    folder: Path

    def tfhub(self, *arguments, **variables):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TFHUB_")}
        environment |= {
            "PYTHONPATH": str(ROOT / "src"),
            "TFHUB_URL": self.url,
            "TFHUB_TOKEN": self.token,
            "TFHUB_CACHE_DIR": str(self.folder / "cache"),
            "TFHUB_RETRIES": "0",
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", "tensorflow_hub", *map(str, arguments)],
            env=environment, cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    (folder / "card.md").write_text(card(f"{PUBLISHED}/1"), encoding="utf-8")
    (folder / "new.md").write_text(card("acme/new/1"), encoding="utf-8")
    (folder / "no-module").mkdir()
    (folder / "no-module" / "notes.txt").write_text("nothing here")
    _archives(folder)
    with HubProcess(tmp_path_factory.mktemp("hub")) as hub:
        place = Place(hub.url, hub.token, folder)
        done = place.tfhub("publish", module(), f"{PUBLISHED}/1", "--card", "card.md")
        assert done.returncode == 0, done.stderr
        yield place


def _archives(folder):
    with tarfile.open(folder / "whole.tar.gz", "w:gz") as archive:
        archive.add(module(), ".")
    whole = (folder / "whole.tar.gz").read_bytes()
    (folder / "broken.tar.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "noise.tar.gz").write_bytes(b"this is no archive" * 50)
    with tarfile.open(folder / "traversal.tar.gz", "w:gz") as archive:
        archive.add(module(), ".")
        entry = tarfile.TarInfo("../../escaped.txt")
        entry.size = 7
        archive.addfile(entry, io.BytesIO(b"escaped"))
    with tarfile.open(folder / "link.tar.gz", "w:gz") as archive:
        archive.add(module(), ".")
        entry = tarfile.TarInfo("assets/passwd")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)


def assert_explained(done, code, *words):
    """A sentence, the next step, the exit code; no traceback of anybody."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "error:" in done.stderr
    assert "→" in done.stderr
    for word in words:
        assert word in done.stderr


def assert_nothing_left(place):
    """No part of a module in the cache, nothing outside of it, no trace on the hub."""
    cache = place.folder / "cache"
    parts = [path for path in cache.rglob("*") if path.is_file() and path.suffix not in {".lock", ""}]
    assert [path for path in parts if path.name in {"saved_model.pb", "escaped.txt"}] == []
    assert not list(place.folder.parent.rglob("escaped.txt"))
    shown = place.tfhub("search", "", "--json")
    handles = {result["model"] for result in json.loads(shown.stdout)}
    assert handles == {PUBLISHED}


PUBLISHING = {
    "a missing directory": ("export", 1, "'export'", "does not exist"),
    "no module": ("no-module", 1, "no-module"),
    "half an archive": ("broken.tar.gz", 1),
    "no archive at all": ("noise.tar.gz", 1, "Expected a tar archive"),
    "an archive that climbs out": ("traversal.tar.gz", 1, "../../escaped.txt"),
    "an archive with a link": ("link.tar.gz", 1, "assets/passwd"),
}


@pytest.mark.parametrize("case", PUBLISHING)
def test_errors_of_publish(place, case):
    path, code, *words = PUBLISHING[case]
    done = place.tfhub("publish", path, "acme/new/1", "--card", "new.md")
    assert_explained(done, code, *words)
    assert_nothing_left(place)


RESOLVING = {
    "a missing archive": ("nowhere.tar.gz", 3),
    "half an archive": ("broken.tar.gz", 1, "broken.tar.gz"),
    "no archive at all": ("noise.tar.gz", 1, "noise.tar.gz"),
    "an archive that climbs out": ("traversal.tar.gz", 1, "../../escaped.txt"),
    "an archive with a link": ("link.tar.gz", 1, "assets/passwd"),
    "a typing error in the model": ("acme/lime/1", 3, f"Did you mean '{PUBLISHED}"),
    "a version that is not there": (f"{PUBLISHED}/7", 3, f"{PUBLISHED}/7"),
    "no handle at all": ("a b", 3),
}


@pytest.mark.parametrize("case", RESOLVING)
def test_errors_of_pull(place, case):
    handle, code, *words = RESOLVING[case]
    assert_explained(place.tfhub("pull", handle), code, *words)
    assert_nothing_left(place)


VERBS = {
    "publish": ["publish", str(module()), "acme/new/1", "--card", "new.md"],
    "pull": ["pull", f"{PUBLISHED}/1"],
    "search": ["search", "line"],
    "show": ["show", PUBLISHED],
    "withdraw": ["withdraw", f"{PUBLISHED}/1"],
    "token": ["token", "list"],
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_hub_that_does_not_answer(place, verb):
    done = place.tfhub(*VERBS[verb], TFHUB_URL="http://127.0.0.1:9")
    assert_explained(done, 4, "127.0.0.1:9", "cannot be reached")


@pytest.mark.parametrize("verb", ["publish", "withdraw", "token"])
@pytest.mark.parametrize("token", ["", "no-such-token"], ids=["no token", "a wrong token"])
def test_a_token_that_does_not_fit(place, verb, token):
    done = place.tfhub(*VERBS[verb], TFHUB_TOKEN=token)
    assert_explained(done, 5, "token")
    assert_nothing_left(place)


def test_a_token_for_another_publisher(place):
    made = place.tfhub("token", "create", "theirs", "--publisher", "other")
    done = place.tfhub(*VERBS["publish"], TFHUB_TOKEN=made.stdout.strip())
    assert_explained(done, 5, "acme")


def test_other_content_under_a_published_version(place):
    done = place.tfhub("publish", module("02_multi_signature"), f"{PUBLISHED}/1", "--card", "card.md")
    assert_explained(done, 6, f"{PUBLISHED}/1", "versions never change")


CARDS = {
    "no card": ([], "card"),
    "a card that is not there": (["--card", "nowhere.md"], "nowhere.md"),
    "the card of another model": (["--card", "card.md"], f"{PUBLISHED}/1"),
}


@pytest.mark.parametrize("case", CARDS)
def test_a_card_that_does_not_fit(place, case):
    options, word = CARDS[case]
    done = place.tfhub("publish", module(), "acme/new/1", *options)
    assert_explained(done, 1, word)
    assert_nothing_left(place)


SETTINGS = {
    "TFHUB_OFFLINE": "perhaps",
    "TFHUB_CONNECTIONS": "many",
    "TFHUB_URL": "not a url",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_makes_no_sense(place, name):
    done = place.tfhub("pull", f"{PUBLISHED}/1", **{name: SETTINGS[name]})
    assert_explained(done, 2, name)


@pytest.mark.parametrize("arguments", [["publsh"], ["pull"], ["search", "--no-such-option"]])
def test_wrong_usage(place, arguments):
    done = place.tfhub(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "--help" in done.stderr
