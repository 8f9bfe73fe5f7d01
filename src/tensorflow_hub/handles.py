"""Handles: a handle is a path, a URL, or `publisher/model/version` on the configured hub.

`ModelName` is the name of a model or of one of its versions, as in URLs and cards. All names of models on
tfhub.dev are valid.
"""

from __future__ import annotations

import dataclasses
import os
import re
import urllib.parse

from tensorflow_hub.errors import HandleError

MAX_NAME_LENGTH = 255
MAX_VERSION = 2**31 - 1

_SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9_+-])?")
_VERSION = re.compile(r"[1-9][0-9]{0,9}")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")  # two letters at least: C:/ is a path

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar")

# Names that publishers cannot have, because they are paths of pages or endpoints of a hub.
RESERVED_PUBLISHERS = frozenset(
    {"api", "s", "static", "help", "healthz", "readyz", "metrics", "admin", "robots.txt", "favicon.ico"}
    | {
        "device",
        "login",
        "logout",
        "account",
        "settings",
        "tokens",
        "publishers",
        "new",
        "v1",
        "feed",
        "feeds",
        "sitemap.xml",
    }
)


@dataclasses.dataclass(frozen=True, order=True)
class ModelName:
    """The name `publisher/model` or `publisher/model/version`.

    Attributes:
      publisher: one path segment, for example `"google"`.
      model: one or more path segments, for example `"imagenet/mobilenet_v2/classification"`.
      version: a positive integer, or None for the latest.
    """

    publisher: str
    model: str
    version: int | None = None

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """Reads `publisher/model[/version]`; slashes at the ends are ignored.

        The last of three or more segments is the version if it is a whole number.

        Raises:
          HandleError: when a segment is empty or too long, or contains a character that is not allowed.

        >>> ModelName.parse("google/imagenet/mobilenet_v2/classification/5")
        ModelName(publisher='google', model='imagenet/mobilenet_v2/classification', version=5)
        >>> ModelName.parse("google/elmo").version is None
        True
        """
        segments = text.strip("/").split("/")
        version = None
        if len(segments) > 2 and segments[-1].isascii() and segments[-1].isdigit():
            version = _parse_version(segments.pop(), text)
        if len(segments) < 2 or len(text) > MAX_NAME_LENGTH or not all(map(_is_segment, segments)):
            raise HandleError(
                f"Expected a name of the form publisher/model or publisher/model/version, got {text!r}.",
                hint="Use letters, digits and . _ - + in each part, at most 255 characters in all, "
                "for example 'acme/text-embedding/1'.",
            )
        return cls(segments[0], "/".join(segments[1:]), version)

    def unversioned(self) -> ModelName:
        """The name without its version."""
        return dataclasses.replace(self, version=None)

    def with_version(self, version: int) -> ModelName:
        """The name of version `version` of this model."""
        return dataclasses.replace(self, version=version)

    def __str__(self) -> str:
        base = f"{self.publisher}/{self.model}"
        return base if self.version is None else f"{base}/{self.version}"


def parse_version_name(text: str) -> ModelName:
    """Reads `publisher/model/version`.

    Raises:
      HandleError: it is no name of a model, or the last part is no version.

    >>> parse_version_name("acme/text/1").version
    1
    """
    name = ModelName.parse(text)
    if name.version is not None:
        return name
    shorter, _, last = str(name).rpartition("/")
    if shorter == name.publisher:
        raise HandleError(
            f"Expected a version at the end of the handle, got {text!r} without one.",
            hint=f"Write for example '{name}/1'.",
        )
    raise HandleError(
        f"Expected a version at the end of the handle, a whole number, got {last!r} in {text!r}.",
        hint=f"Write for example '{shorter}/1'; or '{name}/1' if {last!r} is a part of the model's name.",
    )


@dataclasses.dataclass(frozen=True)
class UrlHandle:
    """A handle `scheme://…`. The table in `resolving/sources/table.py` tells which source reads it.

    Attributes:
      url: as the user wrote it.
    """

    url: str

    @property
    def scheme(self) -> str:
        """In lower case, for example `"https"`."""
        return self.url.partition("://")[0].lower()

    @property
    def host(self) -> str:
        """The part between `//` and the next `/`, in lower case: for a web address host and port."""
        return re.split(r"[/?#]", self.url.partition("://")[2], maxsplit=1)[0].lower()


@dataclasses.dataclass(frozen=True)
class PathHandle:
    """A directory or an archive file on this machine, or a short name (see `as_model_name`)."""

    path: str


def parse_handle(handle: str | os.PathLike[str]) -> UrlHandle | PathHandle:
    """Reads a handle. Only the text is used: no file system and no network.

    Args:
      handle: a path, a URL, or `publisher/model/version`.

    Raises:
      HandleError: it is empty, no text, or a malformed URL.

    >>> parse_handle("https://hub.example/acme/text/1")
    UrlHandle(url='https://hub.example/acme/text/1')
    >>> parse_handle("gs://bucket/module").scheme
    'gs'
    >>> parse_handle("acme/text/1")
    PathHandle(path='acme/text/1')
    """
    text = os.fspath(handle) if isinstance(handle, (str, os.PathLike)) else None
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise HandleError(
            f"Expected a handle (a path, a URL or publisher/model/version), got {handle!r:.200}.",
            hint="For example 'https://hub.example/acme/text-embedding/1' or '/path/of/a/module'.",
        )
    scheme = _SCHEME.match(text)
    if scheme is None:
        return PathHandle(text)
    if scheme[1].lower() == "file":
        return PathHandle(path_of_file_url(text))
    if scheme[1].lower() in {"http", "https"}:
        _check_web_address(text)
    return UrlHandle(text)


def path_of_file_url(text: str) -> str:
    """The path on this machine of a URL `file:///…`.

    Raises:
      HandleError: it names another host.

    >>> path_of_file_url("file:///data/my%20modules")
    '/data/my modules'
    """
    from urllib.request import url2pathname

    parts = urllib.parse.urlsplit(text)
    if parts.netloc in {"", "localhost"}:
        return url2pathname(parts.path)
    if os.name == "nt":  # a share: //server/folder
        return url2pathname(f"//{parts.netloc}{parts.path}")
    raise HandleError(
        f"Expected file:///path with three slashes, got {text!r}, where {parts.netloc!r} is a host.",
        hint="A path on this machine may be given without file://.",
    )


def _check_web_address(text: str) -> None:
    try:
        parts = urllib.parse.urlsplit(text)
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid or any(character.isspace() or ord(character) < 32 for character in text):
        raise HandleError(
            f"Expected a URL with a host name, a port up to 65535 if any, and no spaces, got {text!r:.200}.",
            hint="For example 'https://hub.example/acme/text-embedding/1'.",
        )
    if "@" in parts.netloc:  # it would be stored in the cache, and shown in messages
        shown = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        raise HandleError(
            f"Expected a URL without a user name and password, got {shown!r} with one.",
            hint="Write them to ~/.netrc, or log in with `tfhub login`.",
        )


def version_at_end(url: str) -> int | None:
    """The version at the end of a URL's path; None if there is none.

    >>> version_at_end("https://hub.example/acme/text/1?a=b"), version_at_end("https://hub.example/acme/text")
    (1, None)
    """
    last = urllib.parse.urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1]
    return int(last) if last.isascii() and last.isdigit() and len(last) <= 20 else None


def names_archive(url: str) -> bool:
    """Whether the name of a URL or path is that of an archive file.

    >>> names_archive("https://files.example/module.TAR.GZ?download=1"), names_archive("s3://bucket/text")
    (True, False)
    """
    return re.split(r"[?#]", url, maxsplit=1)[0].lower().endswith(ARCHIVE_SUFFIXES)


def is_web_address(text: str) -> bool:
    """Whether a text is a URL of http or https with a host and, if any, a valid port.

    >>> is_web_address("https://hub.example/acme"), is_web_address("ftp://hub.example")
    (True, False)
    >>> is_web_address("http://hub.example:0"), is_web_address("http://hub.example:port")
    (False, False)
    """
    try:
        parts = urllib.parse.urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or a bracket too many
        return False


def as_model_name(text: str) -> ModelName | None:
    """Reads a handle without a scheme as the name of a model; None if it can only be a path.

    >>> as_model_name("acme/text/1")
    ModelName(publisher='acme', model='text', version=1)
    >>> as_model_name("./acme/text/1") is as_model_name("/acme/text/1") is None
    True
    """
    if text.startswith(("/", ".", "~")) or "\\" in text:
        return None
    try:
        return ModelName.parse(text)
    except HandleError:
        return None


def is_publisher_name(text: str) -> bool:
    """Whether a publisher can have this name.

    >>> is_publisher_name("acme"), is_publisher_name("a/b"), is_publisher_name("api")
    (True, False, False)
    """
    return _is_segment(text) and text.lower() not in RESERVED_PUBLISHERS


def _is_segment(text: str) -> bool:
    return len(text) <= 100 and _SEGMENT.fullmatch(text) is not None and ".." not in text


def _parse_version(segment: str, text: str) -> int:
    if not _VERSION.fullmatch(segment) or int(segment) > MAX_VERSION:
        raise HandleError(
            f"Expected a version from 1 to {MAX_VERSION} at the end of {text!r}, got {segment!r}.",
            hint="Versions are whole numbers without leading zeros.",
        )
    return int(segment)
