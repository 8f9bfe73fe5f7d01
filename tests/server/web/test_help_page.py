"""The commands and programs of `/help` work as they stand, one after the other, in an empty folder."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys

import pytest
import requests
from hub_content import card, module
from hub_process import SOURCES, HubProcess
from patience import PATIENCE

from tensorflow_hub.client.publishing import publish

_BLOCK = re.compile(r'<code class="language-(\w+)">(.*?)</code>', re.DOTALL)


def blocks(page):
    return [
        (language, html.unescape(re.sub(r"</?span[^>]*>", "", code)))
        for language, code in _BLOCK.findall(page)
    ]


def page_of(hub):
    return requests.get(f"{hub.url}/help", headers={"Accept": "text/html"}, timeout=PATIENCE).text


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with HubProcess(tmp_path_factory.mktemp("help") / "data") as hub:
        to = {"hub": hub.url, "token": hub.token}
        assert "No model of this hub can be loaded yet" in page_of(hub)
        requests.patch(
            f"{hub.url}/api/v1/publishers/secret",
            json={"private": True},
            headers={"Authorization": f"Bearer {hub.token}"},
            timeout=PATIENCE,
        ).raise_for_status()
        publish(module(), card=card("secret/words/1"), **to)
        assert "No model of this hub can be loaded yet" in page_of(hub), "it names nothing private"
        publish(module(), card=card("acme/words/1"), **to)
        yield hub


def test_all_of_it_runs_in_an_empty_folder(hub, tmp_path):
    page = page_of(hub)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tfhub").write_text(f'#!/bin/sh\nexec {sys.executable} -m tensorflow_hub "$@"\n')
    (tmp_path / "bin" / "tfhub").chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TFHUB_")}
    environ |= {
        "PATH": f"{tmp_path / 'bin'}:{environ['PATH']}",
        "PYTHONPATH": str(SOURCES),
        "TFHUB_CACHE_DIR": str(tmp_path / "cache"),
    }
    (tmp_path / "empty").mkdir()
    install, *rest = [
        code if language == "bash" else f"{sys.executable} - <<'PROGRAM'\n{code}\nPROGRAM"
        for language, code in blocks(page)
    ]
    assert install.startswith("pip install ")  # a test of the wheel runs it
    assert f'hub.load("{hub.url}/acme/words/1")' in rest[0]
    script = "\n".join(rest).replace("TFHUB_TOKEN=…", f"TFHUB_TOKEN={hub.token}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path / "empty",
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=5 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "empty" / "model" / "saved_model.pb").is_file()
    published = requests.get(f"{hub.url}/api/v1/models/my-name/my-model/1", timeout=PATIENCE).json()
    assert published["description"] == "Doubles numbers."
