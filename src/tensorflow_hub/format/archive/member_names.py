"""Checks of the paths in archives: they have to be relative, and allowed and distinct on every system."""

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
AGAIN = "Nothing was unpacked. Get it again, or make it anew. If that fails too, tell its publisher."
_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def refuse(problem: str) -> ArchiveError:
    """The error for a damaged or malicious archive, always with the same hint."""
    return ArchiveError(problem, hint=AGAIN)


def exceeded(problem: str, limits: ArchiveLimits) -> ArchiveError:
    """The error for an archive that exceeds a limit."""
    return (
        ArchiveError(problem, hint=f"Nothing was unpacked. {limits.advice}")
        if limits.advice
        else refuse(problem)
    )


def check_path(path: str, limits: ArchiveLimits = DEFAULT_LIMITS) -> str:
    """Checks the path of a file in a module, and returns it without leading `./` and trailing `/`.

    Args:
      path: a relative path, with `/` between names.
      limits: the limits of length and depth, and whether Windows has to allow the path.

    Returns:
      The path; empty for the root itself (`./`).

    Raises:
      ArchiveError: the path breaks a rule; the message says which.

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
        raise refuse(f"Expected at most {limits.depth} nested directories, got {shown}.")
    for part in parts:
        _check_name(part, shown, limits)
    return "/".join(parts)


def _check_name(name: str, shown: str, limits: ArchiveLimits) -> None:
    if len(name.encode()) > NAME_BYTES:
        raise refuse(f"Expected names of at most {NAME_BYTES} bytes, got {len(name.encode())} in {shown}.")
    if not limits.portable_names:
        return
    if _WINDOWS_NAMES.fullmatch(name) or _WINDOWS_CHARACTERS.search(name) or name[-1] in ". ":
        raise refuse(f"Expected names that every system allows, got {name!r} in {shown}: not for Windows.")


class NamesSeen:
    """The paths of one archive so far, to find names that are the same file on some systems.

    Such names are `A` and `a` on macOS and Windows, and the composed and decomposed forms of `é` on macOS.
    """

    def __init__(self, limits: ArchiveLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._seen: dict[str, tuple[str, bool]] = {"": ("", True)}

    def add(self, path: str, *, is_directory: bool) -> None:
        """Adds a checked path and the directories above it.

        Raises:
          ArchiveError: the path was added before as a file or in another spelling, or there are too many.
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
