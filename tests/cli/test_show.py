"""`tfhub show` of a hub: the signatures and functions of a version, and of a model's latest version."""

from __future__ import annotations

import pytest
from command_line import run
from hub_content import card, module
from hub_process import HubProcess
from object_modules import OBJECT_MODULES

from tensorflow_hub.client.publishing import publish


@pytest.fixture
def shown(tmp_path, monkeypatch, capsys):
    """Publishes a module of `OBJECT_MODULES`, and returns what `tfhub show` prints for a handle, as lines."""
    with HubProcess(tmp_path / "data") as hub:
        monkeypatch.setenv("TFHUB_URL", hub.url)

        def show(handle, name=None):
            folder = tmp_path / f"{name}"
            if name is None:
                folder = module()
            else:
                OBJECT_MODULES[name](folder)
            publish(folder, card=card("acme/words/1"), hub=hub.url, token=hub.token)
            code, out, err = run(capsys, "show", handle)
            assert code == 0, err
            return out.splitlines()

        yield show


def test_a_model_has_the_signatures_of_its_latest_version(shown):
    lines = shown("acme/words")
    assert lines[0].startswith("acme/words  http://")
    assert "acme/words/1" in lines
    assert "  default: (default: float32[?]) → default: float32[?]" in lines[lines.index("acme/words/1") :]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("texts", "  __call__(string[?]) → float32[?, 4]"),
        (
            "tokens",
            "  __call__({input_mask: int32[?, ?], input_word_ids: int32[?, ?]}) → {default: float32[?, ?]}",
        ),
        ("ragged", "  __call__(ragged int32[?, ?]) → int32[?]"),
        ("flagged", "  __call__(float32[?, 5], True) → float32[?, 5], and 1 other trace"),
    ],
)
def test_the_functions_of_an_object_are_listed(shown, name, line):
    lines = shown("acme/words/1", name)
    assert line in lines, lines
