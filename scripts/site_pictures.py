"""Takes the pictures of the documentation site's start page: pages of a hub that serves, and a report.

    make demo KEEP=1                                          # in another terminal; it prints where it serves
    python scripts/site_pictures.py http://127.0.0.1:8500 REPORT.html

The pictures are what `make demo` makes: no page is drawn by hand. REPORT.html is that of `tfhub retrain`.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
# File → path on the hub, height of what is shown in pixels.
PAGES = {
    "model": ("/demo/minilm-words-tf2/1", 700),
    "search": ("/s?q=word+vectors", 620),
    "graph": ("/demo/minilm-words-tf2/1?inside=graph", 620),
}
_WIDTH = 1120


def main() -> None:
    """Takes the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("hub", help="URL of the hub of the demo")
    parser.add_argument("report", nargs="?", type=Path, help="a report of `tfhub retrain`")
    arguments = parser.parse_args()
    wanted = {name: (arguments.hub + path, height) for name, (path, height) in PAGES.items()}
    if arguments.report:
        wanted["report"] = (arguments.report.resolve().as_uri(), 820)
    PICTURES.mkdir(exist_ok=True)
    chromium = os.environ.get("TFHUB_TEST_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (url, height) in wanted.items():
            page = browser.new_page(viewport={"width": _WIDTH, "height": height})
            answer = page.goto(url)
            if answer is not None and not answer.ok:
                raise SystemExit(f"{url} answered {answer.status}: is it the hub of `make demo`?")
            page.screenshot(path=PICTURES / f"{name}.png")
            print(f"docs/pictures/{name}.png", (PICTURES / f"{name}.png").stat().st_size, "bytes")
        browser.close()


if __name__ == "__main__":
    main()
