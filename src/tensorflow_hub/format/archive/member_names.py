"""Checks of file names in modules: they have to be relative, and distinct on every file system."""

from __future__ import annotations

import re
import unicodedata

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.limits import DEFAULT_LIMITS, ArchiveLimits

NAME_BYTES = 255  # of one component, on the file systems in use
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_WINDOWS_CHARACTERS = re.compile(r'[<>:"|?*]')
_WINDOWS_NAMES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE
)
_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def refuse(problem: str) -> ArchiveError:
    """The error for a damaged or malicious archive, always with the same hint."""
    return ArchiveError(
        problem,
        hint="Nothing was kept. Get the archive again; when that fails too, tell its publisher.",
    )


def exceeded(problem: str, limits: ArchiveLimits) -> ArchiveError:
    """The error for an archive that exceeds a limit."""
    return (
        ArchiveError(problem, hint=f"Nothing was kept. {limits.advice}") if limits.advice else refuse(problem)
    )


def check_path(path: str, limits: ArchiveLimits = DEFAULT_LIMITS) -> str:
    """Checks a path of a file in a module and returns it without leading `./` and trailing `/`.

    Args:
      path: relative, with `/` between names.
      limits: length, depth, and whether Windows must be able to hold it.

    Returns:
      The path; empty for the root itself (`./`).

    Raises:
      ArchiveError: a sentence that says which rule the path breaks.

    >>> check_path("./variables/variables.index")
    'variables/variables.index'
    >>> check_path("../evil")
    Traceback (most recent call last):
      ...
    tensorflow_hub.errors.ArchiveError: Expected paths inside the module, got '../evil', which leaves it. ...
    """
    shown = repr(path if len(path) <= 120 else path[:117] + "…")
    if len(path) > limits.path_bytes or len(path.encode("utf-8", "surrogatepass")) > limits.path_bytes:
        raise refuse(f"Expected paths of at most {limits.path_bytes} bytes, got {shown}.")
    if _CONTROL_CHARACTERS.search(path):
        raise refuse(f"Expected paths of printable UTF-8 text, got {shown}.")
    if "\\" in path:
        raise refuse(f"Expected '/' between the names of a path, got a backslash in {shown}.")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        raise refuse(f"Expected relative paths, got the absolute {shown}.")
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise refuse(f"Expected paths inside the module, got {shown}, which leaves it.")
    if len(parts) > limits.depth:
        raise refuse(f"Expected at most {limits.depth} directories within each other, got {shown}.")
    for part in parts:
        _check_name(part, shown, limits)
    return "/".join(parts)


def _check_name(name: str, shown: str, limits: ArchiveLimits) -> None:
    if len(name.encode()) > NAME_BYTES:
        raise refuse(f"Expected names of at most {NAME_BYTES} bytes, got {len(name.encode())} in {shown}.")
    if not limits.portable_names:
        return
    if _WINDOWS_NAMES.fullmatch(name) or _WINDOWS_CHARACTERS.search(name) or name[-1] in ". ":
        raise refuse(f"Expected names that every system can hold, got {name!r} in {shown}, not for Windows.")


class NamesSeen:
    """The paths of one archive so far, for finding conflicts.

    macOS and Windows hold `A` and `a`, and macOS the composed and decomposed form of `é`, for one file.
    """

    def __init__(self, limits: ArchiveLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._seen: dict[str, tuple[str, bool]] = {"": ("", True)}

    def add(self, path: str, *, is_directory: bool) -> None:
        """Adds a checked path and the directories above it.

        Raises:
          ArchiveError: it was there already, as a file or in another spelling, or there are too many.
        """
        parts = path.split("/")
        for depth in range(1, len(parts)):
            self._add("/".join(parts[:depth]), is_directory=True)
        self._add(path, is_directory=is_directory)

    def _add(self, path: str, *, is_directory: bool) -> None:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        known = self._seen.get(key)
        if known is None:
            if len(self._seen) > self._limits.files:
                raise exceeded(
                    f"Expected at most {self._limits.files:,} files and directories, got more.", self._limits
                )
            self._seen[key] = path, is_directory
            return
        spelling, was_directory = known
        if spelling != path:
            raise refuse(
                f"Expected names that differ by more than case or accents, got {spelling!r} and {path!r}."
            )
        if not (is_directory and was_directory):
            raise refuse(f"Expected every path once, got {path!r} twice.")
