"""What crawlers are told: the public pages, and nothing of what is private."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
import requests
import sqlalchemy as sa
from catalogues import open_catalogue, put_entry
from hub_process import HubProcess
from patience import PATIENCE

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import WITHDRAWN
from tensorflow_hub.server.catalogue.tables import models, publishers
from tensorflow_hub.server.catalogue.writing import set_state
from tensorflow_hub.server.web.sitemap import MOST, sitemap

PLACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"
BASE = "https://hub.example"


def places(text):
    return [place.text.removeprefix(BASE) for place in ET.fromstring(text).iter(PLACE)]


def fill(database):
    for handle in ("acme/words/1", "acme/words/2", "hidden/words/1", "acme/gone/1", "zoo/cats/1"):
        put_entry(database, handle)
    with database.writing() as connection:
        hidden = publishers.c.name == "hidden"
        connection.execute(sa.update(publishers).where(hidden).values(private=True))
        set_state(connection, reading.find_version(connection, ModelName.parse("acme/gone/1")), WITHDRAWN, "")


@pytest.fixture
def database(tmp_path):
    database = open_catalogue(tmp_path / "data")
    fill(database)
    yield database
    database.close()


def test_the_newest_public_versions_and_the_publishers_are_listed(database):
    with database.reading() as connection:
        text = sitemap(connection, BASE, None)
    assert places(text) == ["/", "/acme", "/zoo", "/acme/words/2", "/zoo/cats/1"]
    assert text.count("<lastmod>") == 2


def test_several_maps_hold_each_url_once(database):
    with database.reading() as connection:
        index = sitemap(connection, BASE, None, most=2)
        assert places(index) == [f"/sitemap.xml?page={n}" for n in (1, 2, 3)]
        pages = [places(sitemap(connection, BASE, page, most=2)) for page in (1, 2, 3)]
        assert sitemap(connection, BASE, 4, most=2) is None
    assert pages == [["/", "/acme"], ["/zoo", "/acme/words/2"], ["/zoo/cats/1"]]


def test_a_map_has_at_most_50_000_urls(database):
    with database.writing() as connection:
        rows = [
            {"publisher_id": 1, "name": f"m{n}", "handle": f"acme/m{n}", "kind": "module", "latest": 1,
             "created_at": 0, "updated_at": 0} for n in range(MOST)
        ]  # fmt: skip
        connection.execute(sa.insert(models), rows)
    with database.reading() as connection:
        assert places(sitemap(connection, BASE, None)) == ["/sitemap.xml?page=1", "/sitemap.xml?page=2"]
        assert len(places(sitemap(connection, BASE, 1))) == 50_000
        assert len(places(sitemap(connection, BASE, 2))) == 5


def test_crawlers_find_it(tmp_path):
    database = open_catalogue(tmp_path / "data")
    fill(database)
    for number in range(20):
        put_entry(database, f"zoo/cats{number}/1")
    database.close()
    with HubProcess(tmp_path / "data", TFHUB_SERVER_PUBLIC_URL=BASE) as hub:
        robots = requests.get(f"{hub.url}/robots.txt", timeout=PATIENCE).text
        assert robots.splitlines()[-1] == f"Sitemap: {BASE}/sitemap.xml"
        assert {"Disallow: /s?", "Disallow: /settings", "Disallow: /*?inside="} <= set(robots.splitlines())
        packed = {"Accept-Encoding": "gzip"}
        answer = requests.get(f"{hub.url}/sitemap.xml", headers=packed, timeout=PATIENCE)
        assert answer.headers["Content-Type"] == "application/xml"
        assert answer.headers["Content-Encoding"] == "gzip", "it is long, and has only what is public"
        assert "/acme/words/2" in places(answer.content)
        for page in ("0", "2", "x", "9" * 30, "-1"):
            absent = requests.get(f"{hub.url}/sitemap.xml?page={page}", timeout=PATIENCE)
            assert absent.status_code == 404, page
            assert "See /sitemap.xml." in absent.text
