"""The tables of docs/api.md are what the table of routes says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "api_reference.py"
spec = importlib.util.spec_from_file_location("api_reference", SCRIPT)
api_reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(api_reference)


def test_the_page_is_what_the_table_of_routes_says():
    assert api_reference.PAGE.read_text(encoding="utf-8") == api_reference.render(), (
        "docs/api.md is not what the table of routes says: run `make api-reference`."
    )
