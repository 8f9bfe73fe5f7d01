"""Progress on terminals, in logs, and none."""

from __future__ import annotations

import io
import re

import pytest

from tensorflow_hub import progress
from tensorflow_hub.resolving.transfer.progress import shown_progress
from tensorflow_hub.settings import Settings


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("wanted", "stream", "shown"),
    [
        (None, io.StringIO, ""),
        (None, Terminal, "module"),
        (False, Terminal, ""),
        (True, io.StringIO, "module: 3.0 of 4.0 MB"),
    ],
)
def test_what_is_shown(monkeypatch, wanted, stream, shown):
    monkeypatch.setattr("sys.stderr", stream())
    import sys

    with shown_progress("module", Settings(download_progress=wanted)) as bar:
        bar.start(4_000_000, already=1_000_000)
        bar.advance(2_000_000)
    text = sys.stderr.getvalue()
    assert (shown in text) if shown else text == ""


def test_a_bar_shows_rate_and_time_left_however_long_the_handle(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "80")
    import sys

    handle = "https://hub.example/acme/" + "x" * 200 + "/classification/5"
    with shown_progress(handle, Settings()) as bar:
        bar.start(4_000_000, already=1_000_000)
    first = sys.stderr.getvalue().split("\r")[1]
    assert "classification/5" in first
    assert re.search(r"1.00M/4.00M \[.*B/s\]", first)
    assert len(first) <= 80


def test_lines_come_now_and_then(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    import sys

    with shown_progress("module", Settings(download_progress=True)) as download:
        download.start(None)
        for _ in range(3):
            download.advance(1000)
        assert sys.stderr.getvalue().count("\n") == 3


def test_each_step_has_a_bar_of_its_own(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    import sys

    with progress.Progress(" rows") as show:
        show("reading", 1, 2)
        show("reading", 2, 2)
        show("indexing", 0, None)
    text = sys.stderr.getvalue()
    assert "reading:" in text
    assert "indexing:" in text
    assert text.index("reading:") < text.index("indexing:")


def test_a_thread_that_ends_late_shows_nothing(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())
    import sys

    with progress.Progress("B", wanted=True) as shown:
        shown("packing", 1_000_000, 2_000_000)
    before = sys.stderr.getvalue()
    shown("packing", 2_000_000, 2_000_000)
    shown("sending", 0, 1_000_000)
    shown("sending", 1_000_000, 2_000_000)
    assert sys.stderr.getvalue() == before != ""
