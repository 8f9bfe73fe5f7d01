"""Writes docs/settings.md, the table of the library's settings, from `tensorflow_hub.settings.Settings`.

python scripts/settings_reference.py          writes the page
python scripts/settings_reference.py --check  fails when the page is not what the dataclass says
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from tensorflow_hub.settings import Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
HEAD = """\
# Settings of the library, the command line and the tools

All are environment variables, read when they are needed. This page is written by `make settings-reference`
from `tensorflow_hub.settings.Settings`; a test keeps the two equal. What the words mean is in
[resolving.md](resolving.md). A hub has settings of its own.

Programs that parse their command line with absl have the flags `--tfhub_cache_dir` and
`--tfhub_model_load_format` too; a flag wins over the variable.

"""


def render() -> str:
    """The text of the page."""
    rows = []
    for field in dataclasses.fields(Settings):
        doc = " ".join(field.metadata["doc"].split()).replace("|", "\\|")
        rows.append(f"| `{field.metadata['env']}` | {_default(field.default)} | {doc} |")
    return HEAD + "| Variable | Default | What it is for |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _default(value: object) -> str:
    if value in (None, "", ()):
        return ""
    return f"`{int(value) if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != render():
            raise SystemExit("docs/settings.md is not what the settings say: run `make settings-reference`.")
    else:
        PAGE.write_text(render(), encoding="utf-8")
