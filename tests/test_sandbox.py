"""A program in the sandbox has no network, no rights, no other processes, and only the files it is shown."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from patience import PATIENCE
from running_models import needs_sandbox

from tensorflow_hub.sandbox import environment

pytestmark = needs_sandbox

_BEGIN = """
import json, sys
from tensorflow_hub.sandbox import enter
enter(sys.argv[1], sys.argv[2], sys.argv[3:])
import ctypes, os, signal, socket
def call(name, *arguments):
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
def found(work):
    try:
        return work()
    except OSError as error:
        return type(error).__name__
"""


@pytest.fixture
def inside(tmp_path):
    """Runs a program in a sandbox: `inside("print(1)")`; what it prints, and how it ended."""
    for name in ("root", "shown"):
        (tmp_path / name).mkdir()
    (tmp_path / "shown" / "file.txt").write_text("shown")

    def run(program, *hidden):
        folders = [str(tmp_path / name) for name in ("root", "shown")]
        with subprocess.Popen(
            [sys.executable, "-c", _BEGIN + program, *folders, *map(str, hidden)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env=environment(),
        ) as process:
            said, problems = process.stdout.read(), process.stderr.read()  # it ends while its input is open
            assert not problems, problems
            return said, process.wait(PATIENCE)

    return run


def test_the_folder_and_python_are_seen_and_nothing_else_of_the_machine(inside, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    said, code = inside(
        "seen = open('/folder/file.txt').read(), os.listdir('/proc'), sorted(os.environ)\n"
        f"other = [found(lambda: open(path)) for path in ({str(secret)!r}, '/etc/passwd')]\n"
        "print(json.dumps([*seen, *other]))"
    )
    assert code == 0
    expected = ["shown", ["self"], ["LC_ALL", "PYTHONPATH"], "FileNotFoundError", "FileNotFoundError"]
    assert json.loads(said) == expected


def test_a_folder_within_one_of_python_can_be_hidden(inside, tmp_path, monkeypatch):
    (tmp_path / "installed" / "data").mkdir(parents=True)
    (tmp_path / "installed" / "data" / "catalogue.sqlite").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    program = f"print(os.listdir({str(tmp_path / 'installed' / 'data')!r}))"
    assert inside(program)[0] == "['catalogue.sqlite']\n"
    assert inside(program, tmp_path / "installed" / "data")[0] == "[]\n"


def test_the_working_directory_of_the_hub_is_not_seen(inside, tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "work")  # as `python -m tensorflow_hub serve` has it
    assert inside(f"print(os.path.exists({str(tmp_path / 'work')!r}))")[0] == "False\n"


@pytest.mark.parametrize("path", ["/folder/file.txt", "/new", "/folder/new", "/proc/new"])
def test_nothing_can_be_written(inside, path):
    said, _ = inside(f"print(found(lambda: open({path!r}, 'w')), os.listdir('/folder'))")
    assert said == "OSError ['file.txt']\n"


def test_nothing_can_be_written_to_an_open_file(inside, tmp_path):
    said, _ = inside("print(found(lambda: os.write(os.memfd_create('x'), b'x')))")
    assert said == "OSError\n"


def test_there_is_no_network(inside):
    said, _ = inside(
        "def connect(): socket.create_connection(('127.0.0.1', 80), 5)\n"
        "def resolve(): socket.getaddrinfo('example.com', 80)\n"
        "print(found(connect), found(resolve), [name for _, name in socket.if_nameindex()])"
    )
    assert said == "OSError gaierror ['lo']\n"


def test_other_processes_cannot_be_reached(inside):
    said, _ = inside(f"print(os.getpid(), found(lambda: os.kill({os.getpid()}, signal.SIGKILL)))")
    assert said == "2 ProcessLookupError\n"


def test_the_process_has_no_capabilities_and_gains_none(inside):
    said, _ = inside(
        "users, mounts = 0x10000000, 0x20000\n"
        "print(*(found(lambda: call('unshare', kind)) for kind in (users, mounts)), end=' ')\n"
        "print(found(lambda: os.setuid(0)), found(lambda: os.chroot('/folder')), end=' ')\n"
        "print(found(lambda: call('mount', b'/folder', b'/dev', None, 0x1000, None)), os.getuid() != 0)"
    )
    assert said == "OSError PermissionError OSError PermissionError PermissionError True\n"


def test_it_ends_as_the_program_does(inside):
    assert inside("sys.exit(7)")[1] == 7
    assert inside("os.kill(os.getpid(), signal.SIGTERM)")[1] == 128 + signal.SIGTERM


def test_all_processes_end_when_the_other_end_is_closed(tmp_path):
    for name in ("root", "shown"):
        (tmp_path / name).mkdir()
    program = _BEGIN + "import time\nprint('in', flush=True)\nif not os.fork(): os.setsid()\ntime.sleep(600)"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "root"), str(tmp_path / "shown")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd="/",
        env=environment(),
    ) as process:
        assert process.stdout.readline() == b"in\n"
        process.stdin.close()
        assert process.wait(PATIENCE) == 128 + signal.SIGKILL
        assert process.stdout.read() == b""  # nobody holds it any more
