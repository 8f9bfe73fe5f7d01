"""Modules that are complete but maybe not yet on the disk.

Waiting for the disk would double the time of a download. So a module appears in the cache when it is
complete in the system's memory, and its manifest carries the number of this boot of the machine. A thread
then flushes the files and takes the number away. Only a crash of the whole machine before that leaves one
behind: then it is the number of another boot, and the module counts as complete after every byte was hashed.
Where the system gives no such number, files are flushed before the module appears.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import threading

from tensorflow_hub.resolving.cache.manifest import Manifest, read_manifest, write_manifest

# So many files would take minutes to flush one by one, for which a program that ends would wait. They keep
# the number of this boot, and so are hashed once after the next.
_MANY_FILES = 500


@functools.cache
def boot_number() -> str:
    """What tells this boot of the machine from every other; "" where the system does not say."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def flush(directory: str, manifest: Manifest) -> None:
    """Makes the files of a module durable, and the folders that name them."""
    for file in manifest.files:
        _fsync(os.path.join(directory, *file.path.split("/")))
    if os.name != "nt":
        for folder, _, _ in os.walk(directory):
            _fsync(folder)


def flush_later(directory: str, manifest: Manifest, manifest_path: str) -> None:
    """Flushes a module, unless of very many files, in a thread that the interpreter waits for at its end."""
    if len(manifest.files) >= _MANY_FILES:
        return

    def work() -> None:
        with contextlib.suppress(OSError):
            flush(directory, manifest)
            if read_manifest(manifest_path) == manifest and os.path.isdir(directory):
                write_manifest(manifest_path, dataclasses.replace(manifest, unflushed=""))

    try:
        threading.Thread(target=work, name="tfhub-flush").start()
    except RuntimeError:  # the interpreter is ending, or the system gives no more threads
        work()


def survived(directory: str, manifest: Manifest, manifest_path: str) -> bool:
    """Whether a module whose manifest carries a number of a boot can be used.

    Of this boot: yes. Of another: when every byte is right; then the number goes.
    """
    if manifest.unflushed == boot_number():
        return True
    from tensorflow_hub.format.archive.file_digests import digest_at

    for file in manifest.files:
        if digest_at(os.path.join(directory, *file.path.split("/")), 0, file.size) != file.sha256:
            return False
    with contextlib.suppress(OSError):  # what was written before this boot and can be read is on the disk
        write_manifest(manifest_path, dataclasses.replace(manifest, unflushed=""))
    return True


def _fsync(path: str) -> None:
    descriptor = os.open(path, (os.O_RDWR if os.name == "nt" else os.O_RDONLY) | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
