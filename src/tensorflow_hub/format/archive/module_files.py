"""Listing the files of a module directory, with checks of their names and links."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tensorflow_hub.errors import ArchiveError, NotAModuleError
from tensorflow_hub.format.archive.limits import DEFAULT_LIMITS, ArchiveLimits
from tensorflow_hub.format.archive.member_names import NamesSeen, check_path

_COPY = "Replace it by a copy of the file, then export or publish again."


def module_files(root: str | os.PathLike[str], limits: ArchiveLimits = DEFAULT_LIMITS) -> list[str]:
    """The relative paths of the files of a module, with `/`, sorted by their bytes in UTF-8.

    A symbolic link to a file in the directory counts as that file.

    Args:
      root: the directory.
      limits: the limits of readers of archives.

    Raises:
      NotAModuleError: `root` is not a directory, or has no files.
      ArchiveError: a name is not allowed on some system, a link leads out of the directory, or there is a
        pipe or device.
    """
    directory = Path(root)
    if not directory.is_dir():
        raise _not_a_module(f"Expected a module directory, got {str(root)!r}, which is not a directory.")
    real = directory.resolve()
    paths = sorted(_walk(real, real, ""), key=os.fsencode)
    if not paths:
        raise _not_a_module(f"Expected files in {str(root)!r}, got an empty directory.")
    seen = NamesSeen(limits)
    try:
        for path in paths:
            seen.add(check_path(path, limits), is_directory=False)
    except ArchiveError as error:
        raise ArchiveError(error.problem, hint="Rename the file, then export or publish again.") from None
    return paths


def _walk(root: Path, directory: Path, prefix: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.is_symlink():
                _check_link(root, Path(entry.path), path)
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(root, Path(entry.path), path + "/")
            elif entry.is_file():
                yield path
            else:
                raise ArchiveError(
                    f"Expected files and directories, got {path!r}, a pipe, device or link to a directory.",
                    hint=_COPY,
                )


def _check_link(root: Path, link: Path, path: str) -> None:
    try:
        inside = link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # a cycle of links, or a broken link
        inside = False
    if not inside:
        raise ArchiveError(
            f"Expected links to files within the module, got {path!r} to {str(link.readlink())!r}.",
            hint=_COPY,
        )


def _not_a_module(problem: str) -> NotAModuleError:
    return NotAModuleError(problem, hint="Pass the directory that has saved_model.pb in it.")
