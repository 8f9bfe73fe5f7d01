"""What a handle is: a path, a URL, or `publisher/model/version` on the configured hub.

`ModelName` is the name of a model or of one of its versions, as it stands in URLs and cards. Its
rules are those of the names tfhub.dev gave out, so that all of them stay valid.
"""

from __future__ import annotations

import dataclasses
import re

from tensorflow_hub.errors import HandleError

MAX_NAME_LENGTH = 255
MAX_VERSION = 2**31 - 1

_SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9_+])?")
_VERSION = re.compile(r"[1-9][0-9]{0,9}")

# First path segments that are pages or endpoints of a hub and so can be no publisher's name.
RESERVED_PUBLISHERS = frozenset(
    {"api", "s", "static", "help", "healthz", "readyz", "metrics", "admin", "robots.txt", "favicon.ico"}
)


@dataclasses.dataclass(frozen=True, order=True)
class ModelName:
    """The name `publisher/model` or `publisher/model/version`.

    Attributes:
      publisher: one path segment, for example `"google"`.
      model: one or more path segments, for example `"imagenet/mobilenet_v2/classification"`.
      version: a positive integer, or None for "the newest".
    """

    publisher: str
    model: str
    version: int | None = None

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """Reads `publisher/model[/version]`; slashes at the ends are ignored.

        The last segment is the version when it is a whole number and not the only model segment.

        Raises:
          HandleError: when a segment is empty, too long or has a character that names may not have.

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


def is_publisher_name(text: str) -> bool:
    """Whether `text` may be the name of a publisher.

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
