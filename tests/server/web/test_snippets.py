"""Every snippet that a page can show runs as it stands: for each kind of model and of deployment."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from hub_content import MODULES, MORE_MODULES, card
from hub_process import SOURCES, HubProcess
from patience import PATIENCE
from tfjs_models import TFJS_MODELS

from tensorflow_hub.client.publishing import publish

_SNIPPET = re.compile(
    r"<summary>([^<]+)</summary><div class=\"code-block\"><pre [^>]*>"
    r"<code class=\"language-(\w+)\">(.*?)</code>",
    re.DOTALL,
)
_COLOUR = re.compile(r"</?span[^>]*>")
# Needs the devices of the machine that wrote it.
_OTHER_MACHINES = {"25_soft_placement"}
# Runs programs one after the other, each in a namespace of its own; prints those that fail.
_RUNNER = """
import json, sys, traceback
failed = []
for name, code in json.load(open(sys.argv[1])):
    try:
        exec(compile(code, name, "exec"), {"__name__": "__main__"})
    except BaseException:
        failed.append(name + chr(10) + code + chr(10) + traceback.format_exc()[-1500:])
json.dump(failed, open(sys.argv[2], "w"))
"""
_REQUIRE = b"""\
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
"""
_WRITER = """
import pathlib, sys
sys.path.insert(0, sys.argv[2])
from call_forms import FORMS, save_form
from object_modules import OBJECT_MODULES, TFLITE_MODELS, write_tflite
folder = pathlib.Path(sys.argv[1])
for name, write in OBJECT_MODULES.items():
    write(folder / "tf2" / name)
for number, name in enumerate(FORMS):
    save_form(name, folder / "tf2" / f"form-{number}")
for name in TFLITE_MODELS:
    write_tflite(folder / name, name)
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A hub with a version for each kind of model, each deployment, and one with three of them."""
    folder = tmp_path_factory.mktemp("snippets")
    support = Path(__file__).parents[2] / "support"
    subprocess.run(
        [sys.executable, "-c", _WRITER, str(folder), str(support)], check=True, timeout=PATIENCE * 5
    )
    for name, write in TFJS_MODELS.items():
        write(folder / name)
    with HubProcess(folder / "data") as hub:
        to = {"hub": hub.url, "token": hub.token}
        for module in sorted([*MODULES.iterdir(), *MORE_MODULES.iterdir()]):
            if (module / "module").is_dir() and module.name not in _OTHER_MACHINES:
                publish(module / "module", card=card(f"tf1/{module.name}/1"), **to)
        for module in sorted((folder / "tf2").iterdir()):
            publish(module, card=card(f"tf2/{module.name}/1"), **to)
        for path in folder.glob("tflite*"):
            publish(path, card=card(f"forms/{path.name}/1", "Lite"), **to)
        publish(folder / "tflite", card=card("forms/coral/1", "Coral"), **to)
        for name in TFJS_MODELS:
            publish(folder / name, card=card(f"forms/{name}/1", "Tfjs"), **to)
        publish(folder / "tf2" / "images", card=card("forms/all/1"), **to)
        for deployment, path in (("tflite", "tflite"), ("tfjs", "graph"), ("coral", "tflite")):
            publish(folder / path, card=card("forms/all/1"), deployment=deployment, **to)
        known = {"Authorization": f"Bearer {hub.token}"}
        secret = f"{hub.url}/api/v1/publishers/secret"
        requests.patch(secret, json={"private": True}, headers=known, timeout=PATIENCE).raise_for_status()
        publish(folder / "tf2" / "texts", card=card("secret/all/1"), **to)
        for deployment, path in (("tflite", "tflite"), ("tfjs", "graph"), ("coral", "tflite")):
            publish(folder / path, card=card("secret/all/1"), deployment=deployment, **to)
        yield hub


@pytest.fixture(scope="module")
def snippets(hub):
    """(handle, title, language, code) of each snippet on the pages of all versions."""
    found = []
    for publisher in ("tf1", "tf2", "forms"):
        models = requests.get(f"{hub.url}/api/v1/publishers/{publisher}", timeout=PATIENCE).json()["models"]
        for model in models:
            found += shown_on(hub, f"{model['handle']}/1")
    return found


@pytest.fixture(scope="module")
def private_snippets(hub):
    """Those of a private version with each kind of deployment."""
    return shown_on(hub, "secret/all/1", Authorization=f"Bearer {hub.token}")


def shown_on(hub, handle, **headers):
    page = requests.get(f"{hub.url}/{handle}", headers=headers, timeout=PATIENCE).text
    shown = _SNIPPET.findall(page)
    assert shown, handle
    return [
        (handle, html.unescape(title), language, html.unescape(_COLOUR.sub("", code)))
        for title, language, code in shown
    ]


def environ(folder, **settings):
    cleaned = {name: value for name, value in os.environ.items() if not name.startswith("TFHUB_")}
    return cleaned | {"PYTHONPATH": str(SOURCES), "TFHUB_CACHE_DIR": str(folder / "cache")} | settings


def run_programs(programs, folder, **settings):
    """Runs (name, code) pairs in one process; fails with those that fail."""
    (folder / "programs.json").write_text(json.dumps(programs))
    command = [sys.executable, "-c", _RUNNER, "programs.json", "failed.json"]
    done = subprocess.run(
        command, cwd=folder, env=environ(folder, **settings), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    failed = json.loads((folder / "failed.json").read_text())
    assert not failed, "\n\n".join(failed)


def test_the_programs_in_python_run(snippets, tmp_path):
    programs = [
        (f"{handle} {title}", code) for handle, title, language, code in snippets if language == "python"
    ]
    titles = {title for _, title, language, _ in snippets if language == "python"}
    assert titles == {
        "Python: hub.load",
        "Keras: hub.KerasLayer",
        "TF1 graphs: hub.Module",
        "TFLite: Python",
    }
    run_programs(programs, tmp_path)
    assert len(programs) > 150


def test_the_notebooks_run(hub, snippets, tmp_path):
    """The cells of each one after the other, as they stand."""
    handles = {handle for handle, _, language, _ in snippets if language == "python"}
    chosen = sorted(handles - {handle for handle in handles if handle.startswith("tf1/")})
    chosen += sorted(handles - set(chosen))[:6]
    notebooks = []
    for handle in chosen:
        cells = requests.get(f"{hub.url}/{handle}?notebook=ipynb", timeout=PATIENCE).json()["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        assert code == [code for of, _, language, code in snippets if (of, language) == (handle, "python")]
        notebooks.append((handle, "\n\n".join(code)))
    run_programs(notebooks, tmp_path)


def test_programs_call_what_can_be_called(snippets):
    """Not only load: one without a call would run whatever it loads."""
    code = {(handle, title): text for handle, title, _, text in snippets}
    assert "model(tf.zeros([1, 8]), tf.zeros([1], tf.int64))" in code["tf2/pair/1", "Python: hub.load"]
    assert 'tf.constant(["a sentence", "and another"])' in code["tf2/texts/1", "Keras: hub.KerasLayer"]
    assert "layer(tf.zeros([1, 224, 224, 3]))" in code["tf2/images/1", "Keras: hub.KerasLayer"]
    assert "model(tf.zeros([1, 5]), training=False)" in code["tf2/flagged/1", "Python: hub.load"]
    assert "scale=3.0, mode='more', training=False)" in code["tf2/options/1", "Python: hub.load"]
    assert 'arguments={"scale": 3.0, "mode": \'more\'}' in code["tf2/options/1", "Keras: hub.KerasLayer"]
    assert "tf.io.encode_jpeg(" in code["tf2/image-files/1", "Python: hub.load"]
    assert '"text": tf.fill([1], "a sentence")' in code["tf2/image-and-text/1", "Python: hub.load"]
    assert '(**{"class": tf.zeros([1, 2]), "in": ' in code["tf2/words-of-python/1", "Python: hub.load"]
    assert "(**{" in code["tf2/numbers-as-names/1", "Python: hub.load"]
    assert "outputs" not in code["tf2/examples/1", "Python: hub.load"]  # nobody can guess such inputs
    assert "tf.loadLayersModel(" in code["forms/layers/1", "JavaScript: TF.js"]
    assert "tf.loadGraphModel(" in code["forms/graph/1", "JavaScript: TF.js"]


def test_the_programs_for_a_private_model_run_with_a_token_alone(hub, private_snippets, tmp_path):
    programs = [(title, code) for _, title, language, code in private_snippets if language == "python"]
    assert [title for title, _ in programs] == [
        "Python: hub.load",
        "Keras: hub.KerasLayer",
        "TFLite: Python",
    ]
    run_programs(programs, tmp_path, TFHUB_URL=hub.url, TFHUB_TOKEN=hub.token)
    with pytest.raises(AssertionError, match="HTTP Error 401|HTTP Error 404"):
        run_programs(programs[2:], tmp_path, TFHUB_URL=hub.url, TFHUB_TOKEN="tfhub_wrong")


def test_the_commands_run(hub, snippets, private_snippets, tmp_path):
    commands = {title: (handle, code) for handle, title, language, code in snippets if language == "bash"}
    assert set(commands) == {"Command line: tfhub", "Without Python: curl", "TFLite: curl", "Coral: curl"}
    private = {
        title: (handle, code) for handle, title, language, code in private_snippets if language == "bash"
    }
    assert private.keys() == commands.keys()
    (tmp_path / "tfhub").write_text(f'#!/bin/sh\nexec {sys.executable} -m tensorflow_hub "$@"\n')
    (tmp_path / "tfhub").chmod(0o755)
    for shown, settings in ((commands, {}), (private, {"TFHUB_TOKEN": hub.token})):
        env = environ(tmp_path, **settings) | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        for title, (handle, code) in shown.items():
            folder = tmp_path / f"{title.split()[0]} {len(settings)}"
            folder.mkdir()
            for _ in range(2):  # a second run finds the folders of the first
                subprocess.run(["bash", "-ec", code], cwd=folder, env=env, check=True, timeout=PATIENCE)
            absent = code.replace(handle, "nobody/has/1")
            gone = subprocess.run(["bash", "-ec", absent], cwd=folder, env=env, check=False, timeout=PATIENCE)
            assert gone.returncode != 0, title
    for number in (0, 1):
        assert (tmp_path / f"TFLite: {number}" / "model.tflite").read_bytes()[4:8] == b"TFL3"
        assert (tmp_path / f"Without {number}" / "module" / "saved_model.pb").is_file()


@pytest.mark.assets
@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
def test_the_programs_in_javascript_run(hub, snippets, private_snippets, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "examples"))
    from assets import fetch, read_member

    sha256 = "56505c191e24116787477b3bb5bb1cc0cf1c2bdce8112b9c402a8a2d31cf2f00"
    tarball = fetch("@tensorflow/tfjs", "4.22.0", sha256, kind="npm")
    package = tmp_path / "node_modules" / "@tensorflow" / "tfjs"
    package.mkdir(parents=True)
    # The one file of the package that needs no other ones; under Node.js it asks for `require`.
    whole = read_member(tarball, "package/dist/tf.fesm.min.js")
    (package / "tf.mjs").write_bytes(_REQUIRE + whole)
    (package / "package.json").write_text('{"name": "@tensorflow/tfjs", "main": "tf.mjs"}')
    programs = {handle: code for handle, _, language, code in snippets if language == "javascript"}
    assert set(programs) == {*(f"forms/{name}/1" for name in TFJS_MODELS), "forms/all/1"}
    programs |= {
        handle: code.replace('token = "…"', f'token = "{hub.token}"')
        for handle, _, language, code in private_snippets
        if language == "javascript"
    }
    assert "secret/all/1" in programs
    for handle, code in programs.items():
        (tmp_path / "program.mjs").write_text(code)
        done = subprocess.run(
            ["node", "program.mjs"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{code}\n{done.stderr[-2000:]}"
        shape = {
            "forms/sum/1": [1, 2],
            "forms/where/1": [0, 2],
            "forms/repeat/1": [1, 2],
            "forms/pair/1": [1, 5],
        }
        expected = ", ".join(map(str, shape.get(handle, [1, 3])))
        assert f"shape: [ {expected} ]" in done.stdout, done.stdout
