"""Every environment variable that the library, the command line and the tools read.

Each field of `Settings` names its variable and says what it is for; `docs/settings.md` shows the same
table and a test keeps the two equal. The hub's own settings are in `server/settings.py`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tensorflow_hub.errors import SettingsError

T = TypeVar("T")


def variable(name: str, default: T, parse: Callable[[str], T], doc: str) -> T:
    """A field of a settings dataclass that is read from the environment variable `name`."""
    field: Any = dataclasses.field(default=default, metadata={"env": name, "parse": parse, "doc": doc})
    return field  # type: ignore[no-any-return]


def parse_bool(text: str) -> bool:
    """Reads a flag: 1, true, yes, on and 0, false, no, off, in any case; empty is off."""
    lowered = text.strip().lower()
    if lowered in {"1", "true", "yes", "on", "y", "t"}:
        return True
    if lowered in {"", "0", "false", "no", "off", "n", "f"}:
        return False
    raise ValueError("expected 1 or 0 (or true, false, yes, no, on, off)")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of one process, read once where they are needed."""

    hub: str = variable(
        "TFHUB_URL",
        "http://127.0.0.1:8500",
        str,
        "The hub that short handles (`publisher/model/version`), `search` and `publish` go to.",
    )
    cache_dir: str = variable(
        "TFHUB_CACHE_DIR", "", str, "Where downloaded modules are kept; default `<temp>/tfhub_modules`."
    )
    token: str = variable("TFHUB_TOKEN", "", str, "The token sent to the configured hub.")
    offline: bool = variable(
        "TFHUB_OFFLINE", False, parse_bool, "Make no network call: cached handles work, others fail at once."
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads the settings from `environ`, by default from that of the process.

        Raises:
          SettingsError: when a variable does not parse; names the variable and quotes its value.

        >>> Settings.from_environment({"TFHUB_OFFLINE": "1"}).offline
        True
        """
        return from_environment(cls, os.environ if environ is None else environ)


def from_environment(kind: type[T], environ: Mapping[str, str]) -> T:
    """Fills the dataclass `kind`, whose fields were made by `variable`, from `environ`."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        text = environ.get(field.metadata["env"])
        if text is None:
            continue
        try:
            values[field.name] = field.metadata["parse"](text)
        except ValueError as error:
            raise SettingsError(
                f"The environment variable {field.metadata['env']} has the value {text!r}: {error}.",
                hint=f"Set or unset it. What it is for: {field.metadata['doc']}",
            ) from error
    return kind(**values)
