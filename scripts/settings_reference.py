"""Writes the tables of settings: of the library (docs/settings.md) and of the hub (docs/running_a_hub.md).

python scripts/settings_reference.py          writes the pages
python scripts/settings_reference.py --check  fails if a page differs from the dataclasses
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.services.settings import ServiceSettings
from tensorflow_hub.settings import Settings

HUB_PAGE = Path(__file__).resolve().parents[1] / "docs" / "running_a_hub.md"
BEGIN, END = "<!-- settings -->\n", "<!-- end of settings -->"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
HEAD = """\
# Settings of the library, the command line and the tools

All settings are environment variables, which are read when they are needed. `make settings-reference`
writes this page from `tensorflow_hub.settings.Settings`, and a test compares them. [Handles, downloads
and the cache](resolving.md) explains the terms. A hub has [its own settings](running_a_hub.md#settings).

Sizes may have a unit: KB, MB, GB and TB are powers of 1000 (also K, M, G, T), KiB, MiB, GiB and TiB are
powers of 1024. This holds for variables, options, settings of a hub, and searches.

Programs that parse their command line with absl also have the flags `--tfhub_cache_dir` and
`--tfhub_model_load_format`. A flag has priority over the variable.

"""
SERVICES = """
## Kaggle, Hugging Face and tfhub.dev

The library uses the settings, tokens and caches of `kagglehub` and `huggingface_hub`, so you do not have
to set them again. A token is sent only to its service. The table is from
`tensorflow_hub.services.settings.ServiceSettings`.

"""


def render() -> str:
    """The text of the library's page."""
    return HEAD + _table(Settings) + SERVICES + _table(ServiceSettings)


def render_hub() -> str:
    """The text of the hub's page, with its table made anew."""
    text = HUB_PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    return before + BEGIN + "\n" + _table(ServerSettings) + "\n" + END + after


def _table(kind: Any) -> str:
    rows = []
    for field in dataclasses.fields(kind):
        doc = " ".join(field.metadata["doc"].split()).replace("|", "\\|")
        rows.append(f"| `{field.metadata['env']}` | {_default(field.default)} | {doc} |")
    return "| Variable | Default | What it is for |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _default(value: object) -> str:
    if value in (None, "", ()):
        return ""
    return f"`{int(value) if isinstance(value, bool) else value}`"


PAGES = {PAGE: render, HUB_PAGE: render_hub}

if __name__ == "__main__":
    for page, text in PAGES.items():
        if "--check" not in sys.argv:
            page.write_text(text(), encoding="utf-8")
        elif not page.exists() or page.read_text(encoding="utf-8") != text():
            raise SystemExit(f"{page.name} differs from the settings: run `make settings-reference`.")
