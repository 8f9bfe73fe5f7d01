"""Renders templates as HTML answers, with the headers that every page has."""

from __future__ import annotations

import datetime
import functools
import hashlib
import math
import re
import time
from collections.abc import Callable, Hashable
from importlib import resources
from typing import Any
from urllib.parse import quote

import jinja2
import sqlalchemy as sa
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.server.catalogue.audience import PUBLIC
from tensorflow_hub.server.catalogue.changes import latest_change
from tensorflow_hub.server.catalogue.tokens import ADMIN
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.cookies import form_token, keep_form_secret
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.negotiation import VARY
from tensorflow_hub.server.core.rights import has_scope
from tensorflow_hub.server.web.coloured_code import coloured
from tensorflow_hub.server.web.site import site_of

# Pages may load only the style sheet, script and pictures of this hub.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": POLICY, "Vary": VARY}
# How long a cached page may show old numbers, such as downloads.
_CACHE_SECONDS = 10

_LOGO = Markup(
    '<svg viewBox="0 0 32 32" aria-hidden="true">'
    '<path fill="currentColor" d="M16 2 29 9.5v13L16 30 3 22.5v-13z"/>'
    '<path fill="#fff" d="M16 8.5a3 3 0 0 1 1.5 5.6v3.3l3.6 2.1a3 3 0 1 1-1.3 2.2L16 19.5l-3.8 2.2'
    'a3 3 0 1 1-1.3-2.2l3.6-2.1v-3.3A3 3 0 0 1 16 8.5z"/></svg>'
)
# The icons of the domains, as SVG paths of 24 by 24 units.
_ICONS = {
    "image": "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
    "text": "M5 6h14M5 10h14M5 14h9M5 18h6",
    "audio": "M4 10v4M8 7v10M12 4v16M16 8v8M20 10.5v3",
    "video": "M3 6h12v12H3zM15 10.5l6-3.500v10l-6-3.500z",
    "": "M12 3l8 4.500v9L12 21l-8-4.500v-9z",
}


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Renders a template as an answer.

    Args:
      request: the request that is answered.
      template: the name of a file in `templates/`.
      status: the HTTP status of the answer.
      **values: the values for the template, with at least `title`.
    """
    caller: Caller | None = getattr(request.state, "caller", None)
    signed_in = caller is not None and caller.session is not None
    values["signed_in"] = caller.short_name if caller is not None and signed_in else ""
    values["manages_hub"] = caller is not None and signed_in and has_scope(caller, ADMIN, None)
    body = _html(request, template, values)
    has_forms = getattr(request.state, "has_forms", False)
    may_cache = not signed_in and not has_forms and not values.get("secret")
    if status == 200 and may_cache:
        return _page_or_304(request, body, _tag(body))
    headers = {**_HEADERS, "Cache-Control": "no-cache" if may_cache else "no-store"}
    response = Response(body, status, headers, media_type="text/html")
    keep_form_secret(request, response)
    return response


def render_cached(
    request: Request,
    connection: sa.Connection,
    caller: Caller,
    template: str,
    values: Callable[[], dict[str, Any]],
    *,
    about: Hashable = None,
) -> Response:
    """Renders a template, or returns the cached page to a reader who is not signed in.

    A cached page is used until a model changes, and for at most a few seconds, because numbers such as
    downloads change without a change of a model.

    Args:
      request: the request that is answered. Its path is the key of the cache.
      connection: to the catalogue.
      caller: who asks.
      template: the name of a file in `templates/`, which has no forms.
      values: returns the values for the template.
      about: records of the catalogue that were read before and influence the page; part of the key of the
        cache.
    """
    if caller.is_known or request.url.query:
        return render(request, template, **values())
    index = hub_of(request).search.answer(connection, PUBLIC, lambda index: index)
    # Read before the values, so that these are not older than this change.
    latest, now = latest_change(connection), int(time.monotonic() / _CACHE_SECONDS)
    key = (template, request.url.path, base_url(request), about, latest, now)

    def make() -> tuple[bytes, str]:
        body = _html(request, template, {"signed_in": "", **values()})
        return body, _tag(body)

    return _page_or_304(request, *index.kept(key, make))


def _html(request: Request, template: str, values: dict[str, Any]) -> bytes:
    site = site_of(request)
    defaults = {
        "site": site.name,
        "contact": site.contact,
        "logo_url": f"/static/logo?v={site.logo.digest}" if site.logo else "",
        "site_style_url": f"/static/site.css?v={site.style.digest}" if site.style else "",
        "show_header_search": True,
        "query_text": "",
        "summary": "",
        "feed_url": "",
        "page_url": "",
        "picture_url": "",
        "sign_in_url": sign_in_url(request),
        "form_token": lambda: _form_token(request),
    }
    return _environment().get_template(template).render({**defaults, **values}).encode()


def _tag(body: bytes) -> str:
    """Returns the ETag of a page.

    It is weak, because it is the same for the compressed and the plain page.
    """
    return f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'


def _page_or_304(request: Request, body: bytes, tag: str) -> Response:
    """Returns the page, or 304 Not Modified if the browser has it."""
    headers = {**_HEADERS, "Cache-Control": "no-cache", "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type="text/html")


def sign_in_url(request: Request) -> str:
    """Returns the URL of the sign-in page that leads back to this page."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method not in {"GET", "HEAD"} or path == "/" or path.startswith("/login"):
        return "/login"
    return f"/login?next={quote(path)}"


def _form_token(request: Request) -> Markup:
    """Returns the hidden field that proves that a form was sent from a page of this hub (CSRF token)."""
    request.state.has_forms = True
    return Markup('<input type="hidden" name="form_token" value="{}">').format(form_token(request))


@functools.cache
def static_file(name: str) -> tuple[bytes, str] | None:
    """Returns a file of `static/` and its digest; None if there is no such file."""
    if name not in {"style.css", "enhance.js", "icon.svg"}:
        return None
    data = resources.files(__package__).joinpath("static").joinpath(name).read_bytes()
    return data, hashlib.sha256(data).hexdigest()[:16]


def static_url(name: str) -> str:
    """Returns the URL of a file of `static/`.

    It contains the digest, so that browsers can cache it for ever.
    """
    found = static_file(name)
    assert found is not None
    return f"/static/{name}?v={found[1]}"


def icon(name: str) -> Markup:
    """Returns the icon of a domain."""
    path = _ICONS.get(name, _ICONS[""])
    return Markup(
        '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" aria-hidden="true" '
        'stroke-linecap="round" stroke-linejoin="round"><path d="{}"/></svg>'
    ).format(path)


def show_size(size: int | None) -> str:
    """Formats a number of bytes.

    >>> show_size(999), show_size(14_200_000), show_size(1_000_000_000)
    ('999 bytes', '14 MB', '1.0 GB')
    """
    if size is None:
        return ""
    if size < 1000:
        return f"{size} bytes"
    number = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        number /= 1000
        if number < 999.5 or unit == "TB":
            return f"{number:.1f} {unit}" if number < 9.95 else f"{number:.0f} {unit}"
    raise AssertionError


def show_count(count: int, thing: str) -> str:
    """Formats a count with its noun.

    >>> show_count(1, "download"), show_count(12_345, "download"), show_count(2_500_000, "parameter")
    ('1 download', '12,345 downloads', '2.5 M parameters')
    """
    text = f"{count:,}" if count < 1_000_000 else f"{count / 10 ** (3 * (int(math.log10(count)) // 3)):.3g}"
    unit = "" if count < 1_000_000 else {2: " M", 3: " G", 4: " T"}.get(int(math.log10(count)) // 3, " P")
    return f"{text}{unit} {thing}{'' if count == 1 else 's'}"


def show_day(seconds: int | None) -> str:
    """Formats the day of a time in seconds since 1970.

    >>> show_day(0), show_day(None)
    ('1 January 1970', 'date not known')
    """
    if seconds is None:
        return "date not known"
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%-d %B %Y")


def with_code(text: str) -> Markup:
    """Shows what stands between backticks as code.

    >>> with_code("Run `tfhub login`, or <wait>.")
    Markup('Run <code>tfhub login</code>, or &lt;wait&gt;.')
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=False,
    )
    environment.globals |= {"static": static_url, "icon": icon, "logo": lambda: _LOGO, "coloured": coloured}
    environment.filters["with_code"] = with_code
    return environment
