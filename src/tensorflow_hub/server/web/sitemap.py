"""The sitemap for crawlers (sitemaps.org): all public pages, in files of at most 50,000 URLs."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from xml.sax.saxutils import escape

import sqlalchemy as sa

from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audience import PUBLIC

MOST = 50_000
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SCHEMA = "http://www.sitemaps.org/schemas/sitemap/0.9"


def sitemap(connection: sa.Connection, base: str, page: int | None, most: int = MOST) -> str | None:
    """Returns a sitemap, or the index of several sitemaps; None if there is no such page.

    Args:
      connection: to the catalogue.
      base: the URL of the hub.
      page: the number of a sitemap, from 1; None for the only sitemap or the index.
      most: how many URLs a sitemap has.
    """
    names = ["", *(publisher.name for publisher in reading.list_publishers(connection, PUBLIC))]
    count = len(names) + reading.count_latest(connection, PUBLIC)
    pages = -(-count // most)
    if page is None and pages > 1:
        maps = (f"<sitemap>{_place(f'{base}/sitemap.xml?page={n + 1}')}</sitemap>" for n in range(pages))
        return _document("sitemapindex", maps)
    start = ((page or 1) - 1) * most
    if start >= count:
        return None
    head = names[start : start + most]
    first = max(0, start - len(names))
    listed = reading.list_latest(connection, PUBLIC, most - len(head), first) if len(head) < most else []
    urls = [f"<url>{_place(f'{base}/{name}')}</url>" for name in head]
    urls += [f"<url>{_place(f'{base}/{handle}')}<lastmod>{_day(at)}</lastmod></url>" for handle, at in listed]
    return _document("urlset", urls)


def _document(name: str, elements: Iterable[str]) -> str:
    return "\n".join([f'{_HEAD}<{name} xmlns="{_SCHEMA}">', *elements, f"</{name}>\n"])


def _place(url: str) -> str:
    return f"<loc>{escape(url)}</loc>"


def _day(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).date().isoformat()
