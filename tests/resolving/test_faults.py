"""Killed downloaders, many at once, stopped and forked holders, no locks, what is left of them."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import pytest
from archived_modules import contents, make_module
from patience import PATIENCE, until, until_flushed

import tensorflow_hub as hub_library
from tensorflow_hub.format.archive.index import ArchiveIndex
from tensorflow_hub.resolving.cache import lease
from tensorflow_hub.resolving.cache.layout import key_of

PROGRAM = "import sys, tensorflow_hub as hub; print(hub.resolve(sys.argv[1]))"
NO_LOCKS = """
import errno
from tensorflow_hub.format.archive.index import ArchiveIndex
from tensorflow_hub.resolving.cache import lease
def no_lock(descriptor):
    raise OSError(errno.ENOLCK, "no locks here")
lease._lock = no_lock
"""
# Whoever waits until the heartbeat of a dead holder is stale waits longer than the test.
ENDLESS_PATIENCE = """
from tensorflow_hub.resolving.cache import lease
lease.STALE = 36_000.0
"""
# After A_HOST and ENDLESS_PATIENCE: a line when another host is at work.
SAY_WHEN_WAITING_FOR_A_HOST = """
is_beating = lease.is_beating
def say(path, held):
    if is_beating(path, held):
        print("waits", flush=True)
        staging.is_beating = is_beating
    return is_beating(path, held)
staging.is_beating = say
"""
# After ENDLESS_PATIENCE: a line when the lease is another's.
SAY_WHEN_WAITING = """
is_stale = lease._Heartbeat.is_stale
def say(self, path):
    print("waits", flush=True)
    lease._Heartbeat.is_stale = is_stale
    return is_stale(self, path)
lease._Heartbeat.is_stale = say
"""
SHORT_PATIENCE = """
from tensorflow_hub.format.archive.index import ArchiveIndex
from tensorflow_hub.resolving.cache import lease
lease.BEAT, lease.STALE = 0.1, 1.0
"""


def start(handle: str, before: str = "", *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-c", before + PROGRAM, handle, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def finish(process: subprocess.Popen[str]) -> str:
    output, problem = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, problem
    return output.strip()


def cache() -> Path:
    return Path(os.environ["TFHUB_CACHE_DIR"])


def slowly(hub, seconds: float) -> None:
    """Each part takes that long."""

    def behave(request, number):
        if "Range" in request.headers:
            time.sleep(seconds)
        return False

    hub.behave = behave


@contextlib.contextmanager
def answer_only(hub, count: int):
    """Answers `count` requests for parts; the others wait until the context ends."""
    answered, open_again = itertools.count(1), threading.Event()

    def behave(request, number):
        if "Range" in request.headers and next(answered) > count:
            open_again.wait(PATIENCE)
        return False

    hub.behave = behave
    try:
        yield
    finally:
        hub.behave = lambda request, number: False
        open_again.set()


def kill_at_random_instants(hub, module, trials: int) -> None:
    handle = hub.publish("acme/text/1", module)
    expected, place = contents(module), cache() / key_of(handle)
    slowly(hub, 0.4)
    started = time.monotonic()
    finish(start(handle))
    # On any machine the instants are spread over all of a download.
    whole = time.monotonic() - started
    generator = random.Random(0)
    for trial in range(trials):
        until_flushed()
        shutil.rmtree(cache())
        slowly(hub, 0.4)
        # Every third one is killed before its end for sure, however much faster this machine has become.
        early = trial % 3 == 0
        with answer_only(hub, generator.randrange(2)) if early else contextlib.nullcontext():
            victim = start(handle)
            time.sleep(generator.uniform(0.1, 1.0) * whole)
            victim.send_signal(signal.SIGKILL)
            victim.communicate()
        if place.exists():
            assert not early
            assert contents(place) == expected
        assert contents(hub_library.resolve(handle)) == expected, trial


@pytest.fixture
def leases_never_stale(monkeypatch):
    """Whoever waits here until the heartbeat of a dead holder is stale waits longer than the test."""
    monkeypatch.setattr(lease, "STALE", 36_000.0)


@pytest.mark.usefixtures("leases_never_stale")
def test_a_killed_downloader_is_replaced_at_once(hub, module):
    kill_at_random_instants(hub, module, 10)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("leases_never_stale")
def test_two_hundred_killed_downloaders(hub, module):
    kill_at_random_instants(hub, module, 200)


def test_downloaded_parts_of_a_killed_process_are_reused(hub, tmp_path):
    module = make_module(tmp_path / "large", megabytes=24)
    handle = hub.publish("acme/large/1", module)
    journals = (cache() / ".tfhub" / "staging").glob
    with answer_only(hub, 2):
        victim = start(handle)
        until(lambda: any(len(journal.read_bytes().split()) >= 4 for journal in journals("*/journal")))
        victim.kill()
        victim.communicate()
    index = ArchiveIndex.from_json(hub.indexes["/acme/large/1"])
    [journal] = journals("*/journal")
    done = sum(index.segments[int(number)].length for number in journal.read_bytes().split())
    hub.clear_requests()
    assert contents(hub_library.resolve(handle)) == contents(module)
    missing = sum(segment.length for segment in index.segments) - done
    assert missing <= hub.requested_bytes() < missing + 100_000


def test_a_cache_that_is_removed_under_a_downloader_harms_nothing(hub, tmp_path):
    """Another one begins anew at the same place; the first must not take that for the rest of its own."""
    module = make_module(tmp_path / "large", megabytes=24)
    handle = hub.publish("acme/large/1", module)
    journals = (cache() / ".tfhub" / "staging").glob
    parts = itertools.count(1)
    first_goes_on, second_goes_on, second_came = (threading.Event() for _ in range(3))

    def behave(request, number):
        if "Range" in request.headers and next(parts) > 2:
            (second_goes_on if second_came.is_set() else first_goes_on).wait(PATIENCE)
        return False

    hub.behave = behave
    first = start(handle)
    until(lambda: any(len(journal.read_bytes().split()) >= 4 for journal in journals("*/journal")))
    until(lambda: len(hub.requests) >= 6)
    cache().rename(tmp_path / "removed")  # in one step: no file of the first is in the way
    second_came.set()
    second = start(handle, ENDLESS_PATIENCE)
    until(lambda: list(journals("*/journal")))
    first_goes_on.set()
    time.sleep(1)
    second_goes_on.set()
    paths = {finish(process) for process in (first, second)}
    assert contents(paths.pop()) == contents(module)
    assert not paths


def test_a_waiting_process_continues_when_the_downloader_is_killed(hub, module):
    handle = hub.publish("acme/text/1", module)
    with answer_only(hub, 0):
        victim = start(handle)
        until(lambda: len(hub.requests) >= 2)
        waiting = [start(handle, ENDLESS_PATIENCE + SAY_WHEN_WAITING) for _ in range(3)]
        assert [process.stdout.readline() for process in waiting] == ["waits\n"] * 3
        victim.kill()
        victim.communicate()
    assert len({finish(process) for process in waiting}) == 1
    assert contents(cache() / key_of(handle)) == contents(module)


@pytest.mark.parametrize("before", ["", NO_LOCKS], ids=["locks", "no locks"])
@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "stream"])
def test_many_processes_share_one_download(hub, module, before, indexed):
    handle = hub.publish("acme/text/1", module, indexed=indexed)
    count = 32 if indexed and not before else 6
    slowly(hub, 0.2)
    processes = [start(handle, before + ENDLESS_PATIENCE) for _ in range(count)]
    paths = {finish(process) for process in processes}
    assert contents(paths.pop()) == contents(module)
    assert paths == set()
    assert len([1 for _, headers in hub.requests if "Range" not in headers]) == 1


@pytest.mark.usefixtures("leases_never_stale")
def test_many_threads_share_one_download(hub, module):
    handle = hub.publish("acme/text/1", module)
    slowly(hub, 0.2)
    paths: list[str] = []
    threads = [threading.Thread(target=lambda: paths.append(hub_library.resolve(handle))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 16
    assert contents(paths[0]) == contents(module)
    assert len([1 for _, headers in hub.requests if "Range" not in headers]) == 1


def test_a_stopped_downloader_is_overtaken_and_harms_nothing_when_it_goes_on(hub, module):
    handle = hub.publish("acme/text/1", module)
    with answer_only(hub, 0):
        stopped = start(handle)
        until(lambda: len(hub.requests) >= 2)
        stopped.send_signal(signal.SIGSTOP)
    others = [start(handle, SHORT_PATIENCE) for _ in range(2)]
    [path] = {finish(process) for process in others}
    assert contents(path) == contents(module)
    stopped.send_signal(signal.SIGCONT)
    assert finish(stopped) == path
    assert contents(path) == contents(module)


def test_a_lease_of_a_dead_process_is_taken_over_without_locks(hub, module):
    handle = hub.publish("acme/text/1", module)
    with answer_only(hub, 0):
        victim = start(handle, NO_LOCKS)
        until(lambda: len(hub.requests) >= 2)
        victim.kill()
        victim.communicate()
    assert contents(finish(start(handle, NO_LOCKS + SHORT_PATIENCE))) == contents(module)


# Locks end at each host: both are the only one that holds them.
A_HOST = """
import sys
from tensorflow_hub.resolving.cache import lease, staging
lease._lock = lambda descriptor: None
staging._this_machine = lambda root: "host" + sys.argv[2]
"""


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "stream"])
def test_hosts_share_one_download_though_their_locks_end_at_each(hub, module, indexed):
    handle = hub.publish("acme/text/1", module, indexed=indexed)
    asked, go_on = threading.Event(), threading.Event()

    def behave(request, number):
        asked.set()
        go_on.wait(PATIENCE)
        return False

    hub.behave = behave
    first = start(handle, A_HOST, "1")
    assert asked.wait(PATIENCE)
    assert list((cache() / ".tfhub" / "staging").glob("*.host1/beat"))
    second = start(handle, A_HOST + ENDLESS_PATIENCE + SAY_WHEN_WAITING_FOR_A_HOST, "2")
    assert second.stdout.readline() == "waits\n"
    go_on.set()
    assert contents(finish(first)) == contents(finish(second)) == contents(module)
    assert len([1 for _, headers in hub.requests if "Range" not in headers]) == 1
    assert not list((cache() / ".tfhub" / "staging").iterdir())


def test_a_download_of_another_host_is_continued(hub, module):
    handle = hub.publish("acme/text/1", module)
    journals = (cache() / ".tfhub" / "staging").glob
    with answer_only(hub, 2):
        victim = start(handle, A_HOST, "1")
        until(lambda: any(len(journal.read_bytes().split()) >= 4 for journal in journals("*/journal")))
        victim.kill()
        victim.communicate()
    hub.clear_requests()
    assert contents(finish(start(handle, A_HOST + SHORT_PATIENCE, "2"))) == contents(module)
    assert 0 < hub.requested_bytes() < 8 << 20
    assert not list((cache() / ".tfhub" / "staging").iterdir())


@pytest.mark.usefixtures("leases_never_stale")
def test_a_forked_child_does_not_keep_the_lease_of_its_dead_parent(tmp_path):
    path = tmp_path / "x.lock"
    code = (
        "import os, sys, time\nfrom tensorflow_hub.resolving.cache.lease import lease\n"
        "with lease(sys.argv[1], lambda: False):\n"
        f"    if os.fork() == 0:\n        time.sleep({2 * PATIENCE})\n        os._exit(0)\n"
        f"    print('held', flush=True)\n    time.sleep({2 * PATIENCE})\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        assert parent.stdout.readline() == b"held\n"
        parent.kill()
        parent.wait()
        end = time.monotonic() + PATIENCE
        with lease.lease(str(path), lambda: time.monotonic() > end) as held:
            assert held is not None
            assert held.exclusive
    finally:
        os.killpg(parent.pid, signal.SIGKILL)


def test_a_pause_of_our_own_does_not_make_the_holder_seem_dead(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(lease, "time", types.SimpleNamespace(monotonic=lambda: clock[0]))
    (tmp_path / "x.lock").touch()
    watch = lease._Heartbeat()
    assert not watch.is_stale(str(tmp_path / "x.lock"))
    clock[0] += 3600  # the machine slept, and the holder has not come to its next beat
    assert not watch.is_stale(str(tmp_path / "x.lock"))
    for _ in range(int(2 * lease.STALE / lease.BEAT)):
        clock[0] += lease.BEAT
        stale = watch.is_stale(str(tmp_path / "x.lock"))
    assert stale


def test_locks_that_never_work_do_not_block(tmp_path, monkeypatch):
    def taken(descriptor: int) -> None:
        raise BlockingIOError(errno.EAGAIN, "taken")

    monkeypatch.setattr(lease, "_lock", taken)
    monkeypatch.setattr(lease, "STALE", 0.05)
    with lease.lease(str(tmp_path / "x.lock"), lambda: False) as held:
        assert held is not None
        assert not held.exclusive


def test_a_spoilt_journal_is_not_believed(hub, module):
    handle = hub.publish("acme/text/1", module)
    stagings = cache() / ".tfhub" / "staging"
    with answer_only(hub, 1):
        victim = start(handle)
        until(lambda: list(stagings.glob("*/journal")) and list(stagings.glob("*/index.json")))
        victim.kill()
        victim.communicate()
    [journal] = stagings.glob("*/journal")
    journal.write_text("\n".join(map(str, range(-3, 1000))) + "\nnonsense\n12")
    assert contents(hub_library.resolve(handle)) == contents(module)


def test_a_late_heartbeat_touches_no_other_file(tmp_path, monkeypatch):
    """The file that is opened next gets the number of the lease's file."""
    touch, beating, may_touch = os.utime, threading.Event(), threading.Event()

    def late_touch(*arguments):
        if threading.current_thread().name == "tfhub-lease":
            beating.set()
            may_touch.wait(PATIENCE)
        touch(*arguments)

    monkeypatch.setattr(os, "utime", late_touch)
    monkeypatch.setattr(os, "supports_fd", {*os.supports_fd, late_touch})
    monkeypatch.setattr(lease, "BEAT", 0.01)
    other = tmp_path / "other"
    other.touch()
    touch(other, (0, 0))
    with lease.lease(str(tmp_path / "lock"), lambda: False) as held:
        assert beating.wait(PATIENCE)
        beats = held._thread
        threading.Timer(0.1, may_touch.set).start()  # during the release
    with open(other, "rb"):
        may_touch.set()
        beats.join(PATIENCE)
    assert other.stat().st_mtime == 0
