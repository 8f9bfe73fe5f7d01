"""`tfhub.trust`: by whose keys the modules of a hub have to be signed.

    {"format": 1,
     "rules": [{"hub": "https://hub.example", "publisher": "acme", "keys": ["ed25519:…", "ed25519:…"]},
               {"hub": "https://hub.example", "publisher": "*", "unsigned": true}],
     "others": "refuse"}

The rule that names the publisher comes before that for all of them (`*`). What no rule is about is refused,
unless `others` is "allow". A file with anything else in it is refused: a slip must not open a door.
"""

from __future__ import annotations

import dataclasses
import json
import os
import posixpath
import urllib.parse
from typing import Any

from tensorflow_hub.errors import FormatError, HandleError, SettingsError, TrustError
from tensorflow_hub.format.kinds import saved_model
from tensorflow_hub.format.kinds.table import KINDS
from tensorflow_hub.handles import ModelName
from tensorflow_hub.settings import Settings
from tensorflow_hub.signing.keys import PublicKey

FILE_NAME = "tfhub.trust"
FORMAT = 1
_PORTS = {"http": 80, "https": 443}


@dataclasses.dataclass(frozen=True)
class Rule:
    """What is required of the modules of a publisher on a hub.

    Attributes:
      hub: host, port unless it is the usual one, and path: `hub.example/base`. http and https are the same.
      publisher: its name, or `*` for all.
      keys: one of them must have signed; none where `unsigned`.
      unsigned: no signature is required.
    """

    hub: str
    publisher: str
    keys: tuple[PublicKey, ...] = ()
    unsigned: bool = False


@dataclasses.dataclass(frozen=True)
class Requirement:
    """The signature that a module needs.

    Attributes:
      name: what it has to be about: publisher, model and version.
      kind: of the deployment.
      keys: by one of which it has to be.
      path: the file that says so.
    """

    name: ModelName
    kind: str
    keys: tuple[PublicKey, ...]
    path: str

    @classmethod
    def of_name(cls, name: str, keys: tuple[PublicKey, ...]) -> Requirement:
        """That of a model itself which somebody asks about, without a file."""
        return cls(ModelName.parse(name), saved_model.KIND.name, keys, "")


@dataclasses.dataclass(frozen=True)
class TrustFile:
    """The rules of a project."""

    path: str
    rules: tuple[Rule, ...]
    allows_others: bool

    def requirement(self, handle: str) -> Requirement | None:
        """What is required of a handle `scheme://…`; None for nothing.

        Raises:
          TrustError: it is refused, whoever signed it.
        """
        place = _place_of(handle)
        fitting = [rule for rule in self.rules if _is_about(rule, place)]
        if not fitting:
            if self.allows_others:
                return None
            raise TrustError(
                f"Expected a handle that a rule of {self.path!r} is about, got {handle!r}.",
                hint='Add a rule with the keys that you trust, or set "others" to "allow".',
            )
        rule = max(fitting, key=lambda rule: (len(rule.hub), rule.publisher != "*"))
        if rule.unsigned:
            return None
        return Requirement(_name_at(rule, place, handle), _kind_of(handle), rule.keys, self.path)


def trust_file_path(settings: Settings) -> str:
    """Where the file is or would be."""
    return os.path.expanduser(settings.trust) or FILE_NAME


def load_trust_file(settings: Settings) -> TrustFile | None:
    """The rules that hold, None when there are none.

    Raises:
      SettingsError: the file is broken, or `TFHUB_TRUST` names one that does not exist.
    """
    path = trust_file_path(settings)
    if not settings.trust and not os.path.lexists(path):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return _trust_file(path, json.load(file))
    except OSError as error:
        raise SettingsError(
            f"The trust file {path!r} cannot be read: {error.strerror}.",
            hint="Correct TFHUB_TRUST, or write the file: see docs/signing.md.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise SettingsError(
            f"The file {path!r} is not a trust file: {reason.rstrip('.')}.",
            hint="Correct it: see docs/signing.md. Until then nothing is loaded.",
        ) from error


def required_of(handle: str, settings: Settings) -> Requirement | None:
    """What the trust file requires of a handle `scheme://…`; None without a file, or for nothing.

    Raises:
      SettingsError: the file is broken.
      TrustError: the handle is refused, whoever signed it.
    """
    trust = load_trust_file(settings)
    return None if trust is None else trust.requirement(handle)


def _trust_file(path: str, value: dict[str, Any]) -> TrustFile:
    _check_fields(value, {"format", "rules", "others"})
    if value["format"] != FORMAT:
        raise ValueError(f"its format is {value['format']!r}, expected {FORMAT}")
    others = value.get("others", "refuse")
    if others not in {"refuse", "allow"}:
        raise ValueError(f'"others" is {others!r}, expected "refuse" or "allow"')
    rules = tuple(_rule(entry) for entry in value["rules"])
    if len({(rule.hub, rule.publisher) for rule in rules}) != len(rules):
        raise ValueError("two rules are about the same publisher of the same hub")
    return TrustFile(path, rules, others == "allow")


def _rule(entry: dict[str, Any]) -> Rule:
    _check_fields(entry, {"hub", "publisher", "keys", "unsigned"})
    unsigned = entry.get("unsigned", False)
    if not isinstance(unsigned, bool) or ("keys" in entry) == unsigned:
        raise ValueError('a rule needs either "keys" or "unsigned": true')
    hub, publisher, keys = entry["hub"], entry["publisher"], entry.get("keys", [])
    if not isinstance(publisher, str) or not isinstance(hub, str) or not isinstance(keys, list):
        raise TypeError('"hub" and "publisher" are texts, "keys" is a list')
    try:
        parsed = tuple(PublicKey.parse(key) for key in keys)
    except FormatError as problem:
        raise ValueError(problem.problem) from problem
    return Rule(_place_of(hub if "://" in hub else f"https://{hub}"), publisher.lower(), parsed, unsigned)


def _check_fields(value: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(value.keys() - known)
    if unknown:
        raise ValueError(f"it has the unknown field {unknown[0]!r}")


def _place_of(url: str) -> str:
    """Host, port and path of a URL in one spelling; other schemes stand before it, as no host can have them.

    >>> _place_of("HTTPS://Hub.Example:443//a/./%62/../c/1?x=y"), _place_of("hf://acme/words")
    ('hub.example/a/c/1', 'hf://acme/words')
    """
    parts = urllib.parse.urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        return url
    host = (parts.hostname or "").rstrip(".")
    port = "" if parts.port in {None, _PORTS[scheme]} else f":{parts.port}"
    path = posixpath.normpath("/" + urllib.parse.unquote(parts.path).lstrip("/"))
    return f"{host}{port}{path}".rstrip("/")


def _is_about(rule: Rule, place: str) -> bool:
    if not place.startswith(rule.hub + "/"):
        return False
    publisher = place[len(rule.hub) + 1 :].partition("/")[0]
    return rule.publisher in {"*", publisher.lower()}


def _name_at(rule: Rule, place: str, handle: str) -> ModelName:
    try:
        name = ModelName.parse(place[len(rule.hub) + 1 :])
    except HandleError as problem:
        raise TrustError(
            f"Expected publisher/model/version behind {rule.hub}, got {handle!r}.", hint=problem.hint
        ) from problem
    return name


def _kind_of(handle: str) -> str:
    """The kind of deployment that a handle asks for: by its query, else a model itself."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(handle).query)
    asked = (kind.name for kind in KINDS if kind.parameter in query)
    return next(asked, saved_model.KIND.name)
