"""The bill of materials of a version, by the schema of CycloneDX."""

from __future__ import annotations

import json

import pytest

from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.format.cyclonedx import ListedDeployment, ListedVersion, bill_of_materials
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.format.needs import needs_of

SHA = "ab" * 32
OPS = ["TFText>Op", "Mine"]


def deployment(name, /, **description):
    of = KIND_BY_NAME[name]
    return ListedDeployment(
        kind=name,
        url=f"https://hub.example/acme/words/2?{of.download}",
        digest=f"sha256:{SHA}",
        archive_sha256=SHA,
        needs=needs_of(of, description),
        inputs=["text: string[?]"],
        outputs=["float32[?, 4]"],
        files=[FileEntry("assets/vocabulary.txt", 12, SHA), FileEntry("a name with é", 0, SHA)],
    )


def version(**changes):
    values = {
        "publisher": "acme",
        "model": "text/words",
        "number": 2,
        "url": "https://hub.example/acme/text/words/2",
        "published_at": "2026-01-02T03:04:05Z",
        "description": "Knows words.",
        "metadata": {"license": ["apache-2.0"], "task": ["text-embedding"], "dataset": ["wikipedia"]},
        "derived_from": ["kaggle://google/yamnet/tensorFlow2/yamnet", "acme/words/1"],
        "deployments": [
            deployment("saved_model", kind="saved_model_2", ops=["MatMul", *OPS], custom_ops=OPS),
            deployment("tfjs", kind="tfjs", ops=["MatMul"], stated_versions={"keras": "2.15.0"}),
            deployment("coral", kind="tflite", custom_ops=["edgetpu-custom-op"]),
        ],
    }
    return ListedVersion(**{**values, **changes})


BARE = {"published_at": None, "description": "", "metadata": {}, "derived_from": [], "deployments": []}


@pytest.mark.parametrize("changes", [{}, BARE, {"metadata": {"license": ["my own"]}}])
def test_it_is_valid_by_the_published_schema(changes):
    validation = pytest.importorskip("cyclonedx.validation.json")
    schema = pytest.importorskip("cyclonedx.schema")
    validator = validation.JsonStrictValidator(schema.SchemaVersion.V1_6)
    document = bill_of_materials(version(**changes), "1.0.0")
    problem = validator.validate_str(json.dumps(document))
    assert problem is None, problem
    library = pytest.importorskip("cyclonedx.model.bom")
    read = library.Bom.from_json(document)
    assert read.metadata.component.name == "text/words"
    assert read.validate()


def test_the_content_of_a_bill_of_materials():
    document = bill_of_materials(version(), "1.0.0")
    model = document["metadata"]["component"]
    assert (model["type"], model["bom-ref"], model["version"]) == (
        "machine-learning-model",
        "acme/text/words/2",
        "2",
    )
    assert model["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert [one["name"] for one in model["pedigree"]["ancestors"]] == list(version().derived_from)
    assert model["modelCard"]["modelParameters"] == {
        "task": "text-embedding",
        "datasets": [{"type": "dataset", "name": "wikipedia"}],
        "inputs": [{"format": "text: string[?]"}],
        "outputs": [{"format": "float32[?, 4]"}],
    }
    saved_model, _, coral, *libraries = document["components"]
    assert saved_model["components"][0]["hashes"] == [{"alg": "SHA-256", "content": SHA}]
    told = {(one["name"], one["value"]) for one in saved_model["properties"]}
    assert {("tensorflow-hub:unknown-op", "Mine"), ("tensorflow-hub:core-ops", "1")} <= told
    feature = ("tensorflow-hub:feature", "an Edge TPU and its runtime (libedgetpu)")
    assert feature in {(one["name"], one["value"]) for one in coral["properties"]}
    assert [one["purl"] for one in libraries] == [
        "pkg:pypi/tensorflow",
        "pkg:pypi/tensorflow-text",
        "pkg:npm/%40tensorflow/tfjs",
    ]
    depends = {one["ref"]: one.get("dependsOn") for one in document["dependencies"]}
    assert depends["acme/text/words/2#saved_model"] == ["pkg:pypi/tensorflow", "pkg:pypi/tensorflow-text"]
    assert len(depends["acme/text/words/2"]) == 3


def test_it_is_the_same_for_the_same_content_only():
    first, again = (bill_of_materials(version(), "1.0.0") for _ in range(2))
    assert first == again
    other = bill_of_materials(version(url="https://other.example/acme/text/words/2"), "1.0.0")
    assert other["serialNumber"] != first["serialNumber"]
