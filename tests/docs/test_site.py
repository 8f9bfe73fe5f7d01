"""The documentation site builds in strict mode, and its pages ask no other host for anything."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_tutorial_and_every_public_name_has_a_place(site):
    import tensorflow_hub as hub

    for script in (ROOT / "examples" / "tutorials").glob("[a-z]*.py"):
        page = (site / "tutorials" / f"{script.stem}.html").read_text(encoding="utf-8")
        assert "```" not in page  # every fence became a block of code
    library = (site / "reference" / "library.html").read_text(encoding="utf-8")
    assert [name for name in hub._EXPORTS if name != "HubError" and f".{name}" not in library] == []


def test_the_start_page_shows_pictures_and_links_notebooks(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    pictures = re.findall(r'<img[^>]+src="?([^" >]+)', page)
    assert len(pictures) >= 3
    for picture in pictures:
        assert 0 < (site / picture).stat().st_size < 100_000
    for script in (ROOT / "examples" / "tutorials").glob("[a-z]*.py"):
        notebook = site / "tutorials" / f"{script.stem}.ipynb"
        assert notebook.read_bytes() == script.with_suffix(".ipynb").read_bytes()
        assert f"tutorials/{script.stem}.ipynb" in page


def test_every_link_within_the_site_leads_to_a_page_and_a_place_there(site):
    pages = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    places = {page: set(re.findall(r'\b(?:id|name)="?([^" >]+)', text)) for page, text in pages.items()}
    wrong = []
    for page, text in pages.items():
        for link in map(html.unescape, re.findall(r'(?:href|src)="?([^" >]+)', text)):
            if re.match(r"[a-z]+:", link) or page.name == "404.html":
                continue
            path, _, place = map(unquote, link.partition("#"))
            target = (page.parent / path).resolve() if path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (place and target in places and place not in places[target]):
                wrong.append(f"{page.relative_to(site)}: {link}")
    assert wrong == []


def test_pages_ask_no_other_host(site):
    loaded = re.compile(
        r"<(?:script|img|iframe|source)[^>]+src=\"?(https?:)?//|<link[^>]+rel=\"?(?:stylesheet|preconnect|icon)"
        r"[^>]+href=\"?(?:https?:)?//|@import\s+url\(\"?https?:"
    )
    for page in site.rglob("*.html"):
        assert not loaded.search(page.read_text(encoding="utf-8")), page.name
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(\"?https?:", style.read_text(encoding="utf-8")), style.name
