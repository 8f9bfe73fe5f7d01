"""A new kind of deployment takes one file and one line: then it is published, found, shown and downloaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from hub_process import HubProcess
from patience import PATIENCE

PACKAGE = Path(__file__).parents[2] / "src" / "tensorflow_hub"

MADE_UP = '''
"""Models in a made-up format: one `.onyx` file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorflow_hub.format.kinds.kind import DeploymentKind, Form, Snippet


def _read(directory: Path, largest_graph: int) -> Any:
    from tensorflow_hub.format.module.module_description import ModuleDescription

    if not list(directory.glob("*.onyx")):
        return None
    return ModuleDescription("onyx", "", 0, 0, fine_tunable=False)


def _snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    return [Snippet("Python: Onyx runtime", f'onyx.load("{url}?{KIND.download}")', "python")]


KIND = DeploymentKind(
    name="onyx",
    label="Onyx",
    card="onyx",
    parameter="onyx-format",
    forms={"onyx": Form.FILE},
    contents=("onyx",),
    formats={"onyx": "Onyx"},
    looks_for="an .onyx file",
    read=_read,
    snippets=_snippets,
    folder="onyx-model",
    suffix=".onyx",
)
'''

CARD = """# Onyx acme/words/1

Embeds words, for the made-up runtime.

<!-- task: text-embedding -->
<!-- parent-model: acme/other/1 -->
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The source with one more file, and one more line."""
    root = tmp_path_factory.mktemp("source")
    shutil.copytree(PACKAGE, root / "tensorflow_hub", ignore=shutil.ignore_patterns("__pycache__"))
    kinds = root / "tensorflow_hub" / "format" / "kinds"
    (kinds / "onyx.py").write_text(MADE_UP)
    table = (kinds / "table.py").read_text()
    line = "    coral.KIND,\n"
    assert line in table
    added = f"{line}    __import__('tensorflow_hub.format.kinds.onyx', fromlist=['KIND']).KIND,\n"
    (kinds / "table.py").write_text(table.replace(line, added))
    return root


@pytest.fixture(scope="module")
def hub(source, tmp_path_factory):
    with HubProcess(tmp_path_factory.mktemp("hub") / "data", PYTHONPATH=str(source)) as hub:
        yield hub


@pytest.fixture(scope="module")
def published(source, hub, tmp_path_factory):
    """What `tfhub publish` prints for a module of the new kind."""
    module = tmp_path_factory.mktemp("module")
    (module / "words.onyx").write_bytes(b"weights")
    (module.parent / "card.md").write_text(CARD)
    environ = {**os.environ, "PYTHONPATH": str(source), "TFHUB_URL": hub.url, "TFHUB_TOKEN": hub.token}
    command = [sys.executable, "-m", "tensorflow_hub", "publish", str(module)]
    done = subprocess.run(
        [*command, "--card", str(module.parent / "card.md")],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_published_and_described(hub, published):
    assert "acme/words/1" in published
    [deployment] = requests.get(f"{hub.url}/api/v1/models/acme/words/1", timeout=PATIENCE).json()[
        "deployments"
    ]
    assert deployment["kind"] == "onyx"
    assert deployment["url"] == f"{hub.url}/acme/words/1?onyx-format=onyx"


def test_it_is_found(hub, published):
    answer = requests.get(f"{hub.url}/api/v1/search?q=words&format=onyx", timeout=PATIENCE).json()
    assert [result["handle"] for result in answer["results"]] == ["acme/words/1"]
    assert {"value": "onyx", "label": "Onyx", "count": 1} in answer["facets"]["format"]
    assert {"value": "onyx", "label": "Onyx deployment", "count": 1} in answer["facets"]["kind"]


def test_it_is_shown(hub, published):
    page = requests.get(f"{hub.url}/acme/words/1", headers={"Accept": "text/html"}, timeout=PATIENCE).text
    assert "Python: Onyx runtime" in page
    assert "/acme/words/1?onyx-format=onyx" in page


def test_it_is_downloaded(hub, published):
    answer = requests.get(f"{hub.url}/acme/words/1?onyx-format=onyx", timeout=PATIENCE)
    assert (answer.status_code, answer.content) == (200, b"weights")
    assert "acme_words_1.onyx" in answer.headers["content-disposition"]


def test_the_api_describes_it(hub, published):
    schemas = requests.get(f"{hub.url}/api/v1/openapi.json", timeout=PATIENCE).json()["components"]["schemas"]
    assert "onyx" in schemas["Deployment"]["properties"]["kind"]["enum"]
    other = {"handle": "acme/words/2", "size": 1, "sha256": "0" * 64, "deployment": "granite"}
    token = {"Authorization": f"Bearer {hub.token}"}
    refused = requests.post(f"{hub.url}/api/v1/uploads", json=other, headers=token, timeout=PATIENCE)
    assert "onyx" in refused.json()["error"]["message"]
