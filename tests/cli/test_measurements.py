"""`tfhub measurements`, and the verbs that measure: their figures reach the version on a hub."""

from __future__ import annotations

import json

import pytest
from command_line import run
from hub_content import card
from hub_process import HubProcess

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import show


@pytest.fixture
def hub(tmp_path, monkeypatch, text_module):
    """A hub with `acme/words/1`, the module of these tests."""
    with HubProcess(tmp_path / "data") as process:
        monkeypatch.setenv("TFHUB_URL", process.url)
        monkeypatch.setenv("TFHUB_TOKEN", process.token)
        monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
        publish(text_module, card=card("acme/words/1"))
        yield process


def test_measurements_of_compare_are_added_to_the_modules_on_the_hub(capsys, hub, reviews, text_module):
    arguments = [
        "--data",
        reviews,
        "--no-cache",
        "--publish",
        "--dataset-url",
        "https://data.example/reviews",
    ]
    code, _, err = run(capsys, "compare", "acme/words", text_module, *arguments)
    assert code == 0, err
    assert "attached to acme/words: measurement" in err
    assert f"not attached: {text_module} is not a module of the hub in TFHUB_URL" in err
    [found] = show("acme/words/1")["measurements"]
    assert found["dataset"] == "reviews.csv"
    assert found["dataset_url"] == "https://data.example/reviews"
    assert (found["metric"], found["task"]) == ("accuracy", "text-classification")
    assert found["low"] < found["value"] <= found["high"]
    assert found["examples"] > 10
    assert found["examples_per_second"] > 0
    assert " of " in found["machine"]
    assert found["dataset_digest"].startswith("sha256:")

    code, out, _ = run(capsys, "measurements", "list", "acme/words")
    assert code == 0
    assert f"{found['id']}  accuracy" in out
    code, out, _ = run(capsys, "measurements", "table", "reviews.csv", "--sort", "size")
    assert code == 0
    assert out.splitlines()[0].split() == ["model", "accuracy", "examples/s", "size", "by"]
    assert out.splitlines()[1].startswith("acme/words/1  ")
    assert "reviews.csv" in run(capsys, "measurements", "table")[1]
    assert run(capsys, "measurements", "table", "reviews.csv", "--sort", "beauty")[0] == 1
    assert run(capsys, "measurements", "delete", str(found["id"]))[0] == 0
    assert json.loads(run(capsys, "measurements", "list", "acme/words/1", "--json")[1]) == []


def test_a_retrained_classifier_carries_its_figures(capsys, hub, reviews, tmp_path):
    out = tmp_path / "out"
    arguments = ["--module", "acme/words/1", "-o", out, "--no-cache", "--name", "acme/reviews/1"]
    assert run(capsys, "retrain", "text", reviews, *arguments)[0] == 0
    given = ["--card", out / "card.md", "--measurements", out / "measurements.json"]
    code, _, err = run(capsys, "publish", out / "model", *given)
    assert code == 0, err
    published = show("acme/reviews/1")
    assert published["derived_from"] == ["acme/words/1"]
    assert show("acme/words/1")["used_by"] == ["acme/reviews/1"]
    assert "used by: acme/reviews/1\n" in run(capsys, "show", "acme/words/1")[1]
    assert " on reviews.csv, measured by acme\n" in run(capsys, "show", "acme/reviews/1")[1]
    found = {one["metric"]: one for one in published["measurements"]}
    assert set(found) == {"accuracy", "balanced accuracy"}
    figures = json.loads((out / "metrics.json").read_text())
    assert found["accuracy"]["value"] == pytest.approx(figures["accuracy"]["value"])
    assert found["accuracy"]["examples"] == figures["accuracy"]["trials"]
    assert found["accuracy"]["publisher"] == "acme"

    code, _, err = run(capsys, "measurements", "add", "acme/words/1", out / "measurements.json")
    assert code == 6, "they are of other content"
    assert "which acme/words/1 does not have" in err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "got 'm.json', which is empty."),
        ("{", "got 'm.json', which is not JSON."),
        ("[]", "got 'm.json', which has other fields."),
        ('{"measurements": [{"colour": 1}]}', "got 'm.json', which has other fields."),
    ],
)
def test_what_is_no_file_of_measurements_is_told(capsys, tmp_path, monkeypatch, text, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.json").write_text(text)
    code, _, err = run(capsys, "measurements", "add", "acme/words/1", "m.json")
    assert code == 1
    assert f"error: Expected a file with measurements, {reason}\n" in err
    assert "`tfhub retrain` wrote" in err


def test_a_file_without_measurements_is_reported_before_anything_is_published(
    capsys, hub, text_module, tmp_path
):
    (tmp_path / "card.md").write_text(card("acme/other/1"))
    (tmp_path / "none.json").write_text('{"measurements": [{"colour": 1}]}')
    given = ["--card", tmp_path / "card.md", "--measurements", tmp_path / "none.json"]
    code, _, err = run(capsys, "publish", text_module, *given)
    assert code == 1
    assert "Expected a file with measurements" in err
    assert run(capsys, "show", "acme/other/1")[0] == 3
