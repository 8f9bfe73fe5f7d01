"""Reads the fields of a dataclass of settings from environment variables, with a function for each form.

The functions raise ValueError with the expected form. It becomes a SettingsError with the name of the
variable.
"""

from __future__ import annotations

import dataclasses
import os
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.handles import path_of_file_url

T = TypeVar("T")


def variable(name: str, default: T, parse: Callable[[str], T], doc: str) -> T:
    """A field of a settings dataclass that is read from the environment variable `name`."""
    field: Any = dataclasses.field(default=default, metadata={"env": name, "parse": parse, "doc": doc})
    return field  # type: ignore[no-any-return]


def from_environment(kind: type[T], environ: Mapping[str, str], places: Mapping[str, str] | None = None) -> T:
    """Fills the dataclass `kind`, whose fields were made by `variable`, from `environ`.

    For errors, `places` says where the value of a variable came from, if not from the environment.
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        text = environ.get(field.metadata["env"])
        if text is None:
            continue
        try:
            values[field.name] = field.metadata["parse"](text)
        except ValueError as error:
            name = field.metadata["env"]
            place = (places or {}).get(name, f"The environment variable {name}")
            raise SettingsError(
                f"{place} has the value {text!r}: {str(error).rstrip('.')}.",
                hint=f"Set or unset it. What it is for: {field.metadata['doc']}",
            ) from error
    return kind(**values)


def parse_bool(text: str) -> bool:
    """Reads a flag: 1, true, yes, on or 0, false, no, off, in upper or lower case; "" means off."""
    lowered = text.strip().lower()
    if lowered in {"1", "true", "yes", "on", "y", "t"}:
        return True
    if lowered in {"", "0", "false", "no", "off", "n", "f"}:
        return False
    raise ValueError("expected 1 or 0 (or true, false, yes, no, on, off)")


def parse_load_format(text: str) -> str:
    """Reads one of AUTO, COMPRESSED, UNCOMPRESSED, in any case."""
    if text.upper() not in {"AUTO", "COMPRESSED", "UNCOMPRESSED"}:
        raise ValueError("expected AUTO, COMPRESSED or UNCOMPRESSED")
    return text.upper()


def parse_optional_bool(text: str) -> bool | None:
    """Reads a flag; None for "auto" or an empty text."""
    return None if text.strip().lower() in {"", "auto"} else parse_bool(text)


def parse_seconds(text: str) -> float:
    """Reads a number of seconds above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise ValueError("expected a number above 0")
    return number


def parse_count(text: str) -> int:
    """Reads a whole number of at least 0."""
    if not text.strip().isdecimal():
        raise ValueError("expected a whole number of at least 0")
    return int(text)


def parse_hub_url(text: str) -> str:
    """Reads the URL of a hub: http or https, a host, and optionally a port and a path.

    >>> parse_hub_url("https://hub.example/team/")
    'https://hub.example/team'
    """
    parts = urllib.parse.urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in text.strip():
        raise ValueError("expected an address such as http://127.0.0.1:8500 or https://hub.example")
    return text.strip().rstrip("/")


def parse_size(text: str) -> int:
    """Reads a number of bytes with an optional unit.

    K, M, G and T (or KB, MB, …) are powers of 1000; KiB, MiB, GiB and TiB are powers of 1024.

    >>> parse_size("2 GB"), parse_size("2G"), parse_size("1.5KiB"), parse_size("512")
    (2000000000, 2000000000, 1536, 512)
    """
    match = re.fullmatch(r"([0-9]{1,15})(\.[0-9]{1,15})?(?:([KMGT])(I?))?B?", re.sub(r"\s", "", text).upper())
    if match is None:
        raise ValueError("expected a size such as 500MB or 20GiB")
    whole, fraction, unit, binary = match.groups()
    factor: int = (1024 if binary else 1000) ** "_KMGT".index(unit or "_")
    return int(whole) * factor + int(float(fraction or 0) * factor)


def parse_path(text: str) -> str:
    """Reads a path, which may be a URL `file:///…`. Other URLs are returned unchanged.

    >>> parse_path("file:///data/modules"), parse_path("~/modules"), parse_path("gs://bucket/modules")
    ('/data/modules', '~/modules', 'gs://bucket/modules')
    """
    return path_of_file_url(text) if text.lower().startswith("file://") else text


def parse_paths(text: str) -> tuple[str, ...]:
    """Reads paths with the separator of `PATH`.

    >>> parse_paths(os.pathsep.join(["/data/modules", "file:///more"]))
    ('/data/modules', '/more')
    """
    parts = re.split(rf"{re.escape(os.pathsep)}(?!//)", text)
    return tuple(parse_path(path) for path in parts if path)


def parse_certificate(text: str) -> str:
    """Reads one path, or two paths separated by a comma."""
    return ",".join(parse_path(path.strip()) for path in text.split(",", maxsplit=1))


_MIRROR_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^/]")
_MIRROR_PATH = re.compile(r"[/.~]|[A-Za-z]:[\\/]|\\\\")


def parse_mirrors(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Reads the rules of mirrors: `prefix -> place, place; prefix -> place`.

    A prefix is a URL of any source, and its places are such URLs; or it is a path, and its places are paths
    or URLs.

    >>> parse_mirrors("https://tfhub.dev/ -> https://hub.example/, http://10.0.0.7:8500/")
    (('https://tfhub.dev/', ('https://hub.example/', 'http://10.0.0.7:8500/')),)
    >>> parse_mirrors("https://tfhub.dev/acme/words/1 -> hf://acme/words, gs://acme/words/1")
    (('https://tfhub.dev/acme/words/1', ('hf://acme/words', 'gs://acme/words/1')),)
    >>> parse_mirrors("/home/me/modules -> /data/modules")
    (('/home/me/modules', ('/data/modules',)),)
    """
    return tuple(map(_parse_mirror, filter(None, map(str.strip, text.split(";")))))


def _parse_mirror(rule: str) -> tuple[str, tuple[str, ...]]:
    is_path = _MIRROR_PATH.match(rule) is not None  # which may hold spaces and equals signs
    prefix, *targets = (part.strip() for part in re.split("->|→" if is_path else "->|→|=", rule, maxsplit=1))
    places = re.split("," if is_path else r"[,\s]+", "".join(targets))
    places = [place.strip() for place in places if place.strip()]
    kinds = (_MIRROR_URL, _MIRROR_PATH) if is_path else (_MIRROR_URL,)
    valid = is_path or _MIRROR_URL.match(prefix)
    if not places or not valid or not all(any(kind.match(place) for kind in kinds) for place in places):
        raise ValueError(f"expected 'https://old/ -> https://new/' or '/old -> /new', got the rule {rule!r}")
    return prefix, tuple(places)
