"""Flushing modules to disk after they appear in the cache.

Waiting for the disk would double the time of a download. So a module appears in the cache when all its bytes
are written to the system's memory, and its manifest has the boot ID of the machine. A thread then flushes the
files, and removes the boot ID from the manifest. If the machine crashes before, the manifest has the ID of an
earlier boot. Such a module is used only after all its bytes were compared with their digests. On systems
without a boot ID, the files are flushed before the module appears.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading

from tensorflow_hub.resolving.cache.manifest import Manifest, change_manifest

# Flushing more files takes minutes, and a program would wait for it at its end. So the boot ID stays in the
# manifest, and the files are hashed once after the next boot.
_MANY_FILES = 500


@functools.cache
def boot_number() -> str:
    """The boot ID of the machine, different after each boot; "" if the system has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def flush(directory: str, manifest: Manifest) -> None:
    """Flushes the files of a module and their folders to disk."""
    for file in manifest.files:
        _fsync(os.path.join(directory, *file.path.split("/")))
    if os.name != "nt":
        for folder, _, _ in os.walk(directory):
            _fsync(folder)


def flush_later(directory: str, manifest: Manifest, manifest_path: str) -> None:
    """Flushes a module, unless it has too many files, in a thread that the interpreter waits for."""
    if len(manifest.files) >= _MANY_FILES:
        return

    def work() -> None:
        with contextlib.suppress(OSError):
            flush(directory, manifest)
            change_manifest(manifest_path, manifest, unflushed="")

    try:
        threading.Thread(target=work, name="tfhub-flush").start()
    except RuntimeError:  # the interpreter is ending, or there are too many threads
        work()


def survived(directory: str, manifest: Manifest, manifest_path: str) -> bool:
    """Whether a module with a boot ID in its manifest can be used.

    With the ID of this boot it can. With another ID it can if every byte is right; then the ID is removed.
    """
    if manifest.unflushed == boot_number():
        return True
    from tensorflow_hub.format.archive.file_digests import digest_at

    for file in manifest.files:
        if digest_at(os.path.join(directory, *file.path.split("/")), 0, file.size) != file.sha256:
            return False
    with contextlib.suppress(OSError):  # bytes of an earlier boot that can be read are on the disk
        change_manifest(manifest_path, manifest, unflushed="")
    return True


def _fsync(path: str) -> None:
    descriptor = os.open(path, (os.O_RDWR if os.name == "nt" else os.O_RDONLY) | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
