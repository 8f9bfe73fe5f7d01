"""The Python blocks of the page on the TF1 Hub format, run one after the other in one program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.tf1

PAGE = Path(__file__).parents[2] / "docs" / "tf1_hub_format.md"


def test_the_blocks_of_the_page_run(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert "[224, 224]" in capsys.readouterr().out
    assert len(blocks) >= 8
