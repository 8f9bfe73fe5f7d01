"""Writes the tables of settings: of the library (docs/settings.md) and of the hub (docs/running_a_hub.md).

python scripts/settings_reference.py          writes the page
python scripts/settings_reference.py --check  fails when a page is not what the dataclasses say
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

All are environment variables, read when they are needed. This page is written by `make settings-reference`
from `tensorflow_hub.settings.Settings`; a test keeps the two equal. What the words mean is in
[handles, downloads and the cache](resolving.md). A hub has settings of its own.

Sizes may have a unit: KB, MB, GB and TB are powers of 1000 (also written K, M, G, T), KiB, MiB, GiB and TiB
powers of 1024. So it is everywhere: in variables, options, settings of a hub and searches.

Programs that parse their command line with absl have the flags `--tfhub_cache_dir` and
`--tfhub_model_load_format` too; a flag wins over the variable.

"""
SERVICES = """
## Kaggle, Hugging Face and tfhub.dev

Where the clients of these services keep their tokens and caches, this library finds them: who has set up
`kagglehub` or `huggingface_hub` needs to set nothing again. A token goes to its service only. From
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
            raise SystemExit(f"{page.name} is not what the settings say: run `make settings-reference`.")
