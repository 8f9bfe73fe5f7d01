"""What is made of a version beside its page: badge, citation, notebook, bill of materials."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub import __version__
from tensorflow_hub.format import cyclonedx
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.catalogue.version_contents import contents_of
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.negotiation import VARY
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.http.asset_response import matches
from tensorflow_hub.server.store.interface import Store
from tensorflow_hub.server.web.badge import badge_svg
from tensorflow_hub.server.web.cards import plain_text
from tensorflow_hub.server.web.citation import bibtex
from tensorflow_hub.server.web.help_page import install_command
from tensorflow_hub.server.web.notebook import notebook
from tensorflow_hub.server.web.snippets import forms_of, snippets
from tensorflow_hub.server.web.version_listing import listed_version

# Seconds that others may show a badge as it was.
_KEPT_SECONDS = 300
# A drawing of its own is no page: it runs and loads nothing, also when it is opened by itself.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@dataclasses.dataclass(frozen=True)
class _Document:
    """A document of every version.

    Attributes:
      parameter: of the URL.
      value: the one value that the parameter may have.
      media_type: of the answer.
      make: makes its text; None where a version has none.
      suffix: of the file that a browser saves; "" where it shows the document.
      why_none: why a version may have none.
    """

    parameter: str
    value: str
    media_type: str
    make: Callable[[_Source], str | None]
    suffix: str = ""
    why_none: str = ""


@dataclasses.dataclass(frozen=True)
class _Source:
    """What a document is made of: a version, the URL of the hub, and where its files are."""

    connection: sa.Connection
    version: Version
    base: str
    store: Store


def version_document(request: Request, connection: sa.Connection, version: Version) -> Response | None:
    """The document that a parameter of the URL names; None where none does.

    Raises:
      Malformed: the parameter has another value than its one.
      Missing: the version has no such document.
    """
    document = next((found for found in _DOCUMENTS if found.parameter in request.query_params), None)
    if document is None:
        return None
    value = request.query_params[document.parameter]
    if value != document.value:
        problem = f"Expected {document.parameter}={document.value}, got {value!r:.60}."
        raise Malformed(problem, hint=f"Use {request.url.path}?{document.parameter}={document.value}.")
    text = document.make(_Source(connection, version, base_url(request), hub_of(request).store))
    if text is None:
        problem = f"The version {version.handle} has no {document.parameter}: {document.why_none}."
        raise Missing(problem, hint=f"See /{version.handle} for other ways to use it.")
    body = text.encode()
    headers = {
        "Cache-Control": "private, no-cache" if version.model.private else f"public, max-age={_KEPT_SECONDS}",
        "Content-Security-Policy": _POLICY,
        "ETag": f'W/"{hashlib.sha256(body).hexdigest()[:24]}"',
        "Vary": VARY,
    }
    if document.suffix:
        name = f"{version.handle.replace('/', '_')}.{document.suffix}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if matches(request.headers.get("if-none-match"), headers["ETag"].removeprefix("W/")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=document.media_type)


def _badge(source: _Source) -> str:
    return badge_svg(source.version)


def _bibtex(source: _Source) -> str:
    version = source.version
    card = reading.find_card(source.connection, version)
    publisher = reading.find_publisher(source.connection, version.model.publisher)
    assert publisher is not None
    return bibtex(card.text if card else "", version, publisher, f"{source.base}/{version.handle}") + "\n"


def _notebook(source: _Source) -> str | None:
    connection, version, base = source.connection, source.version, source.base
    contents = contents_of(connection, version)
    card, forms = contents.card, forms_of(version, contents.metadata, contents.deployments)
    setup = f"Install the library first:\n\n```bash\n{install_command(__version__)}\n```"
    if version.model.private:
        setup += f"\n\nThe model is private. Sign in once:\n\n```bash\ntfhub login {base}\n```"
    return notebook(
        version.handle,
        plain_text(card.description, 600) if card else "",
        f"{base}/{version.handle}",
        setup,
        snippets(version.handle, base, forms, private=version.model.private),
    )


def _bill_of_materials(source: _Source) -> str | None:
    listed = listed_version(source.connection, source.store, source.version, source.base)
    if not listed.deployments:
        return None
    document = cyclonedx.bill_of_materials(listed, __version__)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


_DOCUMENTS = (
    _Document("badge", "svg", "image/svg+xml", _badge),
    _Document("cite", "bibtex", "application/x-bibtex", _bibtex, "bib"),
    _Document(
        "notebook",
        "ipynb",
        "application/x-ipynb+json",
        _notebook,
        "ipynb",
        why_none="no program in Python uses it",
    ),
    _Document(
        "sbom",
        "cyclonedx",
        cyclonedx.MEDIA_TYPE,
        _bill_of_materials,
        "cdx.json",
        why_none="its files are not here",
    ),
)
