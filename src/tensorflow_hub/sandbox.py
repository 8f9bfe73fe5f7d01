"""A sandbox for this process on Linux: no network, no privileges, only the files of Python and of one folder.

    enter(root, folder)    # continues in a new process, which is in the sandbox

It uses Linux namespaces, which users without privileges may create on most systems. It needs no library.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from tensorflow_hub.process_usage import resource

# The path of the folder in the sandbox.
FOLDER = "/folder"

# Of <linux/sched.h>: mounts, host name, messages, users, process numbers, network.
_NAMESPACES = 0x20000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000
# Of <linux/mount.h>.
_BIND, _RECURSIVE, _PRIVATE, _DETACH = 0x1000, 0x4000, 0x40000, 2
_READ_ONLY, _NO_SET_USER = 1, 2
_CALL_MOUNT_SETATTR, _HERE, _WITH_ALL_BELOW = 442, -100, 0x8000
_CALL_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
# Of <linux/prctl.h> and <linux/capability.h>.
_SIGNAL_AT_END_OF_PARENT, _NO_NEW_PRIVILEGES, _CAPABILITIES_3 = 1, 38, 0x20080522
# The user id in the sandbox: the kernel's id for unknown users.
_NOBODY = 65534

# The files of the system that programs need: libraries, and harmless devices.
_OF_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
_MOST_PROCESSES, _MOST_OPEN_FILES = 1000, 256
_PROBE_SECONDS = 60


def enter(root: str, folder: str, hidden: Iterable[str] = ()) -> None:
    """Continues the program in a sandbox, in a new process; this process waits and exits with its code.

    Call it before any thread is started. Standard input has to be a pipe or socket. When its other end is
    closed, all processes of the sandbox are killed.

    Args:
      root: an empty folder, to mount the file system of the sandbox on; nothing is written into it.
      folder: the folder to mount at `FOLDER`. All files in the sandbox are read-only.
      hidden: folders that are not visible in the sandbox, even if a folder of Python contains them.

    Raises:
      OSError: the system does not allow the sandbox.
    """
    if platform.machine() not in _CALL_PIVOT_ROOT:
        raise OSError(f"the sandbox does not support {platform.machine()}")
    _leave_namespaces()
    child = os.fork()
    if child:
        os.close(1)
        _end_with(child, watched=0)
    _call("prctl", _SIGNAL_AT_END_OF_PARENT, signal.SIGKILL, 0, 0, 0)
    _change_root(Path(root), Path(folder), [Path(path).resolve() for path in hidden])
    # The first process of a PID namespace ignores most signals, also those of resource limits. So a child of
    # it continues the program.
    child = os.fork()
    if child:
        for descriptor in (0, 1):
            os.close(descriptor)
        _end_with(child)
    _give_up_rights()


def reason_against() -> str:
    """The reason why this system does not allow a sandbox; "" if it does. It tries one in a new process."""
    if sys.platform != "linux":
        return f"it needs Linux, this is {sys.platform}"
    with tempfile.TemporaryDirectory() as folder:
        root, shown = Path(folder, "root"), Path(folder, "shown")
        root.mkdir()
        shown.mkdir()
        reader, writer = os.pipe()  # open until the attempt has ended
        try:
            done = subprocess.run(
                [sys.executable, "-m", "tensorflow_hub.sandbox", str(root), str(shown)],
                stdin=reader,
                capture_output=True,
                text=True,
                timeout=_PROBE_SECONDS,
                check=False,
                cwd="/",
                env=environment(),
            )
        except subprocess.TimeoutExpired:
            return "the attempt did not end"
        finally:
            os.close(reader)
            os.close(writer)
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or [f"the attempt ended with {done.returncode}"])[-1]


def environment() -> dict[str, str]:
    """The environment variables of a process in a sandbox: only the paths of this library, and the locale.

    They do not contain all of `sys.path`, because with `python -m` that begins with the working directory.
    """
    ours = [str(Path(__file__).parents[1]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {"PYTHONPATH": os.pathsep.join(filter(None, ours)), "LC_ALL": "C.UTF-8"}


def _leave_namespaces() -> None:
    """Moves this process to new namespaces, in which it has all capabilities. Outside it gains none."""
    user, group = os.geteuid(), os.getegid()
    _call("unshare", _NAMESPACES)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {group} 1")
    Path("/proc/sys/user/max_user_namespaces").write_text("0")  # no nested namespaces
    Path("/proc/self/oom_score_adj").write_text("1000")  # killed first if the system runs out of memory


def _change_root(root: Path, folder: Path, hidden: Iterable[Path]) -> None:
    """Makes `root` the root file system, with the needed files of the old one, all read-only."""
    _mount(None, Path("/"), _RECURSIVE | _PRIVATE)
    _mount(None, root, kind="tmpfs", options="size=1m")
    for path in sorted(_needed()):
        _show(root, path)
    _bind(folder, _below(root, Path(FOLDER)))
    # /proc is not mounted, because it has information about the machine. TensorFlow reads only this link in
    # it.
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/exe").symlink_to("/program")
    for path in hidden:
        if _below(root, path).is_dir():
            _mount(None, _below(root, path), kind="tmpfs", options="size=4k")
    attributes = (ctypes.c_uint64 * 4)(_READ_ONLY | _NO_SET_USER, 0, 0, 0)
    size = ctypes.sizeof(attributes)
    _call("syscall", _CALL_MOUNT_SETATTR, _HERE, os.fsencode(root), _WITH_ALL_BELOW, attributes, size)
    os.chdir(root)
    _call("syscall", _CALL_PIVOT_ROOT[platform.machine()], b".", b".")
    _call("umount2", b".", _DETACH)
    os.chdir("/")


def _needed() -> set[Path]:
    """The paths of Python, of its packages, and of the system libraries."""
    paths = map(Path, {sys.prefix, sys.base_prefix, *sys.path, *_OF_SYSTEM, *_DEVICES})
    return {path for path in paths if path.is_absolute() and path != Path("/") and path.exists()}


def _show(root: Path, path: Path) -> None:
    """Mounts a file or folder of the system at the same path, with the links that lead to it."""
    for place in (*reversed(path.parents), path):
        if place.is_symlink():
            link = _below(root, place)
            if not link.is_symlink():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(place.readlink())
            _show(root, place.resolve())
            _show(root, path.resolve())
            return
    if not _below(root, path).exists():  # otherwise a parent folder is mounted already
        _bind(path, _below(root, path))


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _bind(path: Path, at: Path) -> None:
    if path.is_dir():
        at.mkdir(parents=True, exist_ok=True)
    else:
        at.parent.mkdir(parents=True, exist_ok=True)
        at.touch()
    _mount(path, at, _BIND | _RECURSIVE)


def _give_up_rights() -> None:
    """Drops all capabilities of this process in its namespaces permanently, and limits its resources."""
    os.nice(5)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for what, most in {
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: _MOST_PROCESSES,
        resource.RLIMIT_NOFILE: _MOST_OPEN_FILES,
    }.items():
        resource.setrlimit(what, (most, most))


def _end_with(child: int, watched: int | None = None) -> NoReturn:
    """Waits for a child and exits with its code. Kills it if the other end of the watched file is closed."""
    if watched is not None:
        ends = select.poll()
        handle = os.pidfd_open(child)
        ends.register(handle, select.POLLIN)
        ends.register(watched, 0)
        if handle not in dict(ends.poll()):
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(128 - code if code < 0 else code)


def _mount(source: Path | None, target: Path, flags: int = 0, kind: str = "", options: str = "") -> None:
    names = [os.fsencode(text) if text else None for text in (source, target, kind)]
    _call("mount", *names, ctypes.c_ulong(flags), options.encode() or None)


def _call(name: str, *arguments: object) -> None:
    """Calls a function of the C library.

    Raises:
      OSError: the function returned an error.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


@contextlib.contextmanager
def _said_in_a_line() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        sys.exit(error.strerror or str(error))


if __name__ == "__main__":
    with _said_in_a_line():
        enter(sys.argv[1], sys.argv[2])
