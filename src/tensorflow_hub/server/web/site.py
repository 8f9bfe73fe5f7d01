"""The appearance of a hub: its name, logo, contact and colour."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
from pathlib import Path

from starlette.requests import Request

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.web.colours import style_of

_LARGEST_LOGO = 200_000
_MARKS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclasses.dataclass(frozen=True)
class SiteFile:
    """A file of the settings that the pages load, for example the logo."""

    data: bytes
    media_type: str

    @functools.cached_property
    def digest(self) -> str:
        """The first digits of the SHA-256 of the content, for the URL."""
        return hashlib.sha256(self.data).hexdigest()[:16]


@dataclasses.dataclass(frozen=True)
class Site:
    """The appearance of a hub. `logo` and `style` are None for the default ones."""

    name: str
    contact: str
    logo: SiteFile | None
    style: SiteFile | None


def site_of(request: Request) -> Site:
    """Returns the appearance of the hub that serves a request."""
    return make_site(hub_of(request).settings)


@functools.lru_cache(maxsize=8)
def make_site(settings: ServerSettings) -> Site:
    """Returns the appearance that the settings describe.

    Raises:
      SettingsError: the logo cannot be read, is too large, or is not a picture.
    """
    style = style_of(settings.site_colour).encode() if settings.site_colour else b""
    return Site(
        settings.site_name,
        settings.site_contact,
        read_logo(settings.site_logo) if settings.site_logo else None,
        SiteFile(style, "text/css") if style else None,
    )


def read_logo(path: str) -> SiteFile:
    """Reads the logo. Its format is recognised by its content, not by the name of the file.

    Raises:
      SettingsError: it cannot be read, is too large, or is not a PNG, JPEG or SVG picture.
    """
    try:
        data = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise _refused(path, f"which cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST_LOGO:
        raise _refused(path, f"which has {len(data)} bytes")
    media_type = next((kind for mark, kind in _MARKS.items() if data.startswith(mark)), "")
    if not media_type and re.match(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<svg[\s>]", data, re.DOTALL):
        media_type = "image/svg+xml"
    if not media_type:
        raise _refused(path, "which is in another format")
    return SiteFile(data, media_type)


def _refused(path: str, why: str) -> SettingsError:
    return SettingsError(
        f"Expected a PNG, JPEG or SVG picture of at most {_LARGEST_LOGO} bytes as TFHUB_SERVER_SITE_LOGO, "
        f"got {path!r}, {why}.",
        hint="Use another file, or unset TFHUB_SERVER_SITE_LOGO.",
    )
