"""Every tutorial runs, on small data: its cell of parameters is replaced, the rest is as readers see it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

pytest.importorskip("keras", minversion="3")
pytest.importorskip("pyarrow")

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = ROOT / "examples" / "tutorials"
SCRIPTS = sorted(TUTORIALS.glob("[a-z]*.py"))
PARAMETERS = re.compile(r'^# %% tags=\["parameters"\]\n(.*?)(?=^# %%)', flags=re.DOTALL | re.MULTILINE)


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Small modules and data, by the names that tutorials use for theirs."""
    folder = tmp_path_factory.mktemp("small")
    made = load(ROOT / "tests" / "support" / "tool_data.py")
    import numpy as np
    import text_module

    words = made.GOOD + made.BAD + made.REST + ["a", "sentence", "film", "password", "account", "log", "in"]
    (folder / "words.txt").write_text("".join(f"{word}\n" for word in dict.fromkeys(words)), encoding="utf-8")
    count = len(dict.fromkeys(words))
    table = np.random.default_rng(3).standard_normal((count, 24)).astype(np.float32)
    text_module.export_tf1(folder / "words.txt", table, folder / "text-tf1")
    text_module.export_tf2(folder / "words.txt", table, folder / "text-tf2")
    lines = ["text,label", *(f"{text},{label}" for text, label in made.reviews_rows())]
    (folder / "reviews.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for label, colour in made.COLOURS.items():
        for number in range(12):
            made.write_image(folder / "photos" / label / f"{number}.png", colour, (number, colour[0]))
    made.save_image_module(folder / "image")
    return folder


def run(name, tmp_path, monkeypatch, **parameters):
    """Runs a tutorial in an empty folder with other parameters; gives its variables."""
    script = TUTORIALS / f"{name}.py"
    text = script.read_text(encoding="utf-8")
    cell = PARAMETERS.search(text)
    assert cell, f"{name} has no cell of parameters"
    named = re.findall(r"^([A-Z_]+) =", cell[1], flags=re.MULTILINE)
    assert set(parameters) <= set(named)
    lines = [f"{key} = {value!r}" for key, value in parameters.items()]
    text = text.replace(cell[1], cell[1] + "\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    variables = {"__name__": "__main__"}
    exec(compile(text, str(script), "exec"), variables)
    return variables


def test_every_tutorial_is_run_here():
    source = Path(__file__).read_text(encoding="utf-8")
    assert [path.stem for path in SCRIPTS if f'run("{path.stem}"' not in source] == []


def test_notebooks_are_what_the_scripts_say():
    notebooks = load(ROOT / "scripts" / "notebooks.py")
    for script in SCRIPTS:
        kept = script.with_suffix(".ipynb").read_text(encoding="utf-8")
        assert kept == notebooks.notebook_text(script), f"{script.name} changed: run `make notebooks`"


def test_image_retraining(small, tmp_path, monkeypatch):
    parameters = {"PHOTOS": str(small / "photos"), "MODULE": str(small / "image")}
    told = run("image_retraining", tmp_path, monkeypatch, **parameters)
    assert told["outcome"].labels == ("blue", "green", "red")
    assert (tmp_path / "my_model" / "report.html").exists()


def test_text_classification(small, tmp_path, monkeypatch):
    parameters = {"REVIEWS": str(small / "reviews.csv"), "MODULE": str(small / "text-tf2")}
    told = run("text_classification", tmp_path, monkeypatch, **parameters)
    assert told["outcome"].labels == ("negative", "positive")
    assert told["history"].history["loss"][-1] < told["history"].history["loss"][0]


def test_semantic_search(small, tmp_path, monkeypatch):
    told = run("semantic_search", tmp_path, monkeypatch, MODULE=str(small / "text-tf2"))
    assert told["library"].shape == (5, 24)


def test_fine_tuning_a_text_module(small, tmp_path, monkeypatch):
    parameters = {"REVIEWS": str(small / "reviews.csv"), "MODULE": str(small / "text-tf2")}
    told = run("fine_tuning_a_text_module", tmp_path, monkeypatch, **parameters)
    assert (told["after"][0] != told["before"][0]).any()
    assert (tmp_path / "fine_tuned" / "saved_model.pb").exists()


def test_trying_alternatives(small, tmp_path, monkeypatch):
    modules = [str(small / "text-tf2"), str(small / "text-tf1")]
    parameters = {"REVIEWS": str(small / "reviews.csv"), "MODULES": modules}
    told = run("trying_alternatives", tmp_path, monkeypatch, **parameters)
    assert len(told["comparison"].measurements) == 2


def test_exporting_your_own(tmp_path, monkeypatch):
    from running_hub import running_hub

    (tmp_path / "place").mkdir()
    with running_hub(tmp_path / "hub", port=0) as hub:
        told = run("exporting_your_own", tmp_path / "place", monkeypatch, HUB=hub.url, TOKEN=hub.token)
    assert told["published"].handle == "acme/three-words/1"


def test_moving_old_code(small, tmp_path, monkeypatch):
    told = run("moving_old_code", tmp_path, monkeypatch, MODULE=str(small / "text-tf1"))
    assert told["as_it_was"].shape == (2, 24)
