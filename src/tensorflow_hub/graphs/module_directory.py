"""Writing a module directory atomically: it appears when it is complete."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from tensorflow_hub.errors import ExportError

VARIABLES = "variables"
CHECKPOINT = "variables/variables"

# The message of `tfhub_module.pb`: field 1, the format, is 3; field 2, features a reader must know, is empty.
MARKER_CONTENT = b"\x08\x03"


def is_local(path: str) -> bool:
    """Whether `path` is in the file system of this machine, not on a remote one such as `gs://`."""
    return "://" not in path


def join(directory: str, name: str) -> str:
    """The path of a file in a directory, local or remote."""
    return (
        os.path.join(directory, *name.split("/"))
        if is_local(directory)
        else f"{directory.rstrip('/')}/{name}"
    )


@contextlib.contextmanager
def new_directory(path: str) -> Iterator[str]:
    """A context that yields a directory to write a module into. It is at `path` when the context ends.

    On a local file system it is a temporary directory next to `path`, which is renamed at the end. Remote
    file systems have no atomic rename. There the directory is `path` itself, and the caller has to write
    `saved_model.pb` and `tfhub_module.pb` last. If an error occurs, all files are removed.

    Raises:
      ExportError: `path` exists already, or its parent cannot be written.
    """
    path = os.fspath(path)
    if not path:
        raise ExportError(
            "Expected a directory to export to, got ''.", hint="Pass a path that does not exist."
        )
    check_free(path)
    try:
        with _renamed_into_place(path) if is_local(path) else _in_place(path) as directory:
            yield directory
    except tf.errors.FailedPreconditionError as error:
        raise ExportError(
            f"Expected variables with values to export to {path!r}, got uninitialized variables.",
            hint="Run tf.compat.v1.global_variables_initializer() first, or restore a checkpoint.",
        ) from error
    except tf.errors.OpError as error:
        raise ExportError(
            f"Expected to be able to write a module to {path!r}, got the error: {error.message}.",
            hint="Check the path, your permissions and the free disk space.",
        ) from error


def check_free(path: str) -> None:
    """Checks that a path does not exist, or is an empty directory.

    Raises:
      ExportError: there is a file, or a directory with files.
    """
    if not tf.io.gfile.exists(path) or (tf.io.gfile.isdir(path) and not tf.io.gfile.listdir(path)):
        return
    raise ExportError(
        f"Expected a path that does not exist, got {path!r}, which exists.",
        hint="Export to another path, or remove what is there.",
    )


@contextlib.contextmanager
def _renamed_into_place(path: str) -> Iterator[str]:
    target = Path(path).absolute()
    temporary = target.parent / f".{target.name}.partial-{secrets.token_hex(4)}"
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise ExportError(
            f"Expected to be able to create a directory in {str(target.parent)!r}, "
            f"got the error: {error.strerror}.",
            hint="Choose a directory that you may write to.",
        ) from error
    try:
        yield str(temporary)
        try:
            temporary.rename(target)
        except OSError as error:
            check_free(path)
            raise ExportError(
                f"Expected to be able to create {path!r}, got the error: {error.strerror}.",
                hint="Choose another path.",
            ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _in_place(path: str) -> Iterator[str]:
    tf.io.gfile.makedirs(path)
    try:
        yield path
    except BaseException:
        with contextlib.suppress(tf.errors.OpError):
            tf.io.gfile.rmtree(path)
        raise


def write_file(path: str, data: bytes) -> None:
    """Writes one file, local or on a file system of `tf.io.gfile`."""
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(data)


def read_file(path: str) -> bytes:
    """Reads one file, local or on a file system of `tf.io.gfile`."""
    with tf.io.gfile.GFile(path, "rb") as file:
        data: bytes = file.read()
    return data
