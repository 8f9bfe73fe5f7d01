"""Ctrl-C in the middle of a download from a server that has fallen silent."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from archived_modules import contents
from patience import PATIENCE, until

import tensorflow_hub as hub_library
from tensorflow_hub.resolving.transfer.parallel import run_in_parallel

# A shell starts what runs in its background deaf to Ctrl-C, and Python keeps to that: tests may run there.
PULL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from tensorflow_hub.cli.main import main
main()
"""


def interrupted(handle: str, stalled: threading.Event) -> str:
    """What `tfhub pull` says to Ctrl-C when the server is silent; fails when it waits for the server."""
    patient = {"TFHUB_READ_TIMEOUT": "36000", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-c", PULL, "pull", handle],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **patient},
    )
    try:
        assert stalled.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, said
    return said


@contextlib.contextmanager
def silent_after(hub, count: int):
    """Archives and their parts stop after `count` bytes until the context ends; the event tells of it."""
    stalled, go_on = threading.Event(), threading.Event()

    def stop_sending(request):
        request.wfile.flush()
        stalled.set()
        go_on.wait(2 * PATIENCE)

    def behave(request, number):
        if "Range" not in request.headers and request.path.partition("?")[0] in hub.indexes:
            return False
        hub.send(request, limit=count, then=stop_sending)
        return True

    hub.behave = behave
    try:
        yield stalled
    finally:
        hub.behave = lambda request, number: False
        go_on.set()


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "stream"])
def test_a_silent_server_does_not_keep_a_program_that_was_interrupted(hub, module, indexed):
    handle = hub.publish("acme/text/1", module, indexed=indexed)
    with silent_after(hub, 1_500_000) as stalled:
        said = interrupted(handle, stalled)
    assert "error: Interrupted." in said
    assert "Run the same command again" in said
    assert "Traceback" not in said
    place = Path(os.environ["TFHUB_CACHE_DIR"])
    assert not list((place / ".tfhub" / "staging").glob("*/beat"))
    assert contents(hub_library.resolve(handle)) == contents(module)


def test_every_task_is_done_once():
    done: list[int] = []
    run_in_parallel(range(1000), done.append, threads=7)
    assert sorted(done) == list(range(1000))


def test_the_first_failure_ends_all_and_wakes_those_who_wait():
    woken, stop, waiting = threading.Event(), threading.Event(), threading.Barrier(4)

    def work(number: int) -> None:
        waiting.wait(PATIENCE)
        if number == 0:
            raise LookupError("the first")
        assert woken.wait(PATIENCE)
        assert stop.is_set()
        raise ValueError("after the end")

    before = threading.active_count()
    with pytest.raises(LookupError, match="the first"):
        run_in_parallel(range(100), work, threads=4, stop=stop, on_stop=woken.set)
    until(lambda: threading.active_count() <= before, "the end of the threads")
