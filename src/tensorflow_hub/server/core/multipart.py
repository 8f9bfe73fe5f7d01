"""Parses forms with files (`multipart/form-data`, RFC 7578), without checking the content of the files."""

from __future__ import annotations

import dataclasses
import email.message
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence

from tensorflow_hub.server.core.problems import Malformed

MEDIA_TYPE = "multipart/form-data"
_MOST_PARTS = 50
_LONGEST_HEADER = 2000  # bytes, of one part
_NAME = re.compile(r';\s*name="([^"]*)"', re.IGNORECASE)
_FILE = re.compile(r';\s*filename="([^"]*)"', re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class SentFile:
    """A file that a browser has sent: its name on the user's machine, and its bytes."""

    name: str
    content: bytes


@dataclasses.dataclass(frozen=True)
class SentForm:
    """The text fields and the files of a form; a field may have several files."""

    texts: dict[str, str]
    files: Mapping[str, Sequence[SentFile]]


def read_multipart(content_type: str, body: bytes) -> SentForm:
    r"""Parses the fields and files of a form.

    Args:
      content_type: the header `Content-Type`, with the boundary between the parts.
      body: the body of the request.

    Raises:
      Malformed: the body cannot be parsed, or has too many parts.

    >>> body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
    >>> read_multipart('multipart/form-data; boundary=x', body).texts
    {'a': '1'}
    """
    texts: dict[str, str] = {}
    files: dict[str, list[SentFile]] = {}
    for header, content in _parts(content_type, body):
        name, file = _NAME.search(header), _FILE.search(header)
        if name is None:
            raise _unreadable("a part has no name")
        if file is None:
            texts[_unquoted(name[1])] = _text(content)
        elif file[1] or content:  # if no file was chosen, browsers send an empty one without a name
            files.setdefault(_unquoted(name[1]), []).append(SentFile(_unquoted(file[1]), content))
    return SentForm(texts, files)


def _parts(content_type: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yields the header and content of each part."""
    message = email.message.Message()
    message["Content-Type"] = content_type
    boundary = message.get_boundary("").encode(errors="replace")
    if not 1 <= len(boundary) <= 200:
        raise _unreadable("there is no boundary")
    before, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary, _MOST_PARTS + 2)
    if len(parts) > _MOST_PARTS + 1:
        raise _unreadable(f"it has more than {_MOST_PARTS} parts")
    if before or not parts or not parts.pop().startswith(b"--"):
        raise _unreadable("it begins or ends in the middle")
    for part in parts:
        header, blank, content = part.partition(b"\r\n\r\n")
        if not header.startswith(b"\r\n") or not blank or len(header) > _LONGEST_HEADER:
            raise _unreadable("a part has no header, or a very long one")
        yield _text(header), content


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _unreadable("a text is not UTF-8") from error


def _unquoted(name: str) -> str:
    """Decodes a name: browsers write quotation marks and line ends in it as %22, %0D and %0A."""
    return urllib.parse.unquote(name) if re.search("%(22|0D|0A)", name) else name


def _unreadable(why: str) -> Malformed:
    return Malformed(f"Expected a form that can be read: {why}.", hint="Load its page again.")
