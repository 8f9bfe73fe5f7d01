"""docs/settings.md is what the dataclass says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "settings_reference.py"
spec = importlib.util.spec_from_file_location("settings_reference", SCRIPT)
settings_reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(settings_reference)


def test_the_page_is_what_the_settings_say():
    assert settings_reference.PAGE.read_text(encoding="utf-8") == settings_reference.render(), (
        "docs/settings.md is not what the settings say: run `make settings-reference`."
    )


def test_the_hubs_page_is_what_its_settings_say():
    assert settings_reference.HUB_PAGE.read_text(encoding="utf-8") == settings_reference.render_hub(), (
        "docs/running_a_hub.md is not what the settings say: run `make settings-reference`."
    )
