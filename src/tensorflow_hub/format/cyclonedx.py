"""The contents and requirements of a version as a bill of materials in CycloneDX 1.6 (ECMA-424)."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.format.card.vocabulary import known_values
from tensorflow_hub.format.needs import Needs

MEDIA_TYPE = "application/vnd.cyclonedx+json; version=1.6"
_PREFIX = "tensorflow-hub"
_MOST_TENSORS = 100


@dataclasses.dataclass(frozen=True)
class ListedDeployment:
    """A deployment of a version.

    Attributes:
      kind: the name of its kind, such as "tflite".
      url: the URL of the download.
      digest: the digest of the content: `sha256:…`.
      archive_sha256: the SHA-256 of the archive, in hex.
      needs: the requirements to run it.
      inputs: the inputs of its first signature, each as "name: dtype[shape]".
      outputs: the outputs of that signature, in the same form.
      files: the files with their sizes and digests.
    """

    kind: str
    url: str
    digest: str
    archive_sha256: str
    needs: Needs
    inputs: Sequence[str]
    outputs: Sequence[str]
    files: Sequence[FileEntry]


@dataclasses.dataclass(frozen=True)
class ListedVersion:
    """A version of a model.

    Attributes:
      publisher: the name of the publisher.
      model: the name of the model, without the publisher.
      number: the number of the version.
      url: the URL of its page.
      published_at: the time in ISO 8601; None if it is not known.
      description: the description in its card.
      metadata: the fields of its card.
      derived_from: the handles of the modules that it was made from.
      deployments: the forms in which it can be downloaded.
    """

    publisher: str
    model: str
    number: int
    url: str
    published_at: str | None
    description: str
    metadata: Mapping[str, Sequence[str]]
    derived_from: Sequence[str]
    deployments: Sequence[ListedDeployment]

    @property
    def handle(self) -> str:
        """The handle of the version."""
        return f"{self.publisher}/{self.model}/{self.number}"


def bill_of_materials(version: ListedVersion, program_version: str) -> dict[str, Any]:
    """Returns the document as JSON values. The same version always gives the same document.

    Args:
      version: the version to describe.
      program_version: the version of this library, which is named as the tool.
    """
    packages = {
        _purl(package.registry, package.name): package
        for deployment in version.deployments
        for package in deployment.needs.packages
    }
    content = " ".join((version.url, *(deployment.digest for deployment in version.deployments)))
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {
            "tools": {
                "components": [{"type": "application", "name": "tensorflow-hub", "version": program_version}]
            },
            "component": _model(version),
        },
        "components": [
            *(_deployment(version, deployment) for deployment in version.deployments),
            *(
                {"type": "library", "bom-ref": purl, "name": package.name, "purl": purl, "scope": "required"}
                for purl, package in packages.items()
            ),
        ],
        "dependencies": _dependencies(version, list(packages)),
    }
    if version.published_at is not None:
        document["metadata"]["timestamp"] = version.published_at
    return document


def _model(version: ListedVersion) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": version.handle,
        "publisher": version.publisher,
        "group": version.publisher,
        "name": version.model,
        "version": str(version.number),
        "externalReferences": [{"type": "website", "url": version.url}],
        "modelCard": _model_card(version),
    }
    if version.description:
        component["description"] = version.description
    if licences := version.metadata.get("license"):
        component["licenses"] = [_licence(licence) for licence in licences[:1]]
    if version.derived_from:
        component["pedigree"] = {
            "ancestors": [{"type": "machine-learning-model", "name": name} for name in version.derived_from]
        }
    return component


def _licence(value: str) -> dict[str, Any]:
    """Returns a licence by its SPDX id if the vocabulary of cards has it, else by its name."""
    known = known_values("license").get(value.lower())
    return {"license": {"id": known.name} if known is not None and known.url else {"name": value}}


def _model_card(version: ListedVersion) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for name, field in (("task", "task"), ("architectureFamily", "network-architecture")):
        if values := version.metadata.get(field):
            parameters[name] = values[0]
    if datasets := version.metadata.get("dataset"):
        parameters["datasets"] = [{"type": "dataset", "name": name} for name in datasets]
    if version.deployments:
        first = version.deployments[0]
        for name, tensors in (("inputs", first.inputs), ("outputs", first.outputs)):
            if tensors:
                parameters[name] = [{"format": text} for text in tensors[:_MOST_TENSORS]]
    return {"modelParameters": parameters}


def _deployment(version: ListedVersion, deployment: ListedDeployment) -> dict[str, Any]:
    archive = [{"alg": "SHA-256", "content": deployment.archive_sha256}]
    return {
        "type": "machine-learning-model",
        "bom-ref": _ref(version, deployment),
        "group": version.publisher,
        "name": version.model,
        "version": str(version.number),
        "description": deployment.needs.format,
        "externalReferences": [{"type": "distribution", "url": deployment.url, "hashes": archive}],
        "properties": _properties(deployment),
        "components": [
            {
                "type": "file",
                "name": file.path,
                "hashes": [{"alg": "SHA-256", "content": file.sha256}],
                "properties": [_property("size", file.size)],
            }
            for file in deployment.files
        ],
    }


def _properties(deployment: ListedDeployment) -> list[dict[str, str]]:
    needs = deployment.needs
    found = [_property("deployment", deployment.kind), _property("digest", deployment.digest)]
    found += [_property(f"states:{name}", text) for name, text in sorted(needs.stated_versions.items())]
    if needs.strips_defaults is not None:
        found.append(_property("strips-defaults", str(needs.strips_defaults).lower()))
    if needs.core_ops is not None:
        found.append(_property("core-ops", needs.core_ops))
    found += [_property("feature", feature) for feature in needs.features]
    found += [_property("import", package.import_name) for package in needs.packages if package.import_name]
    found += [_property("unknown-op", op) for op in needs.unknown_ops]
    found += [_property(f"unsafe-op:{op}", what) for op, what in sorted(needs.unsafe_ops.items())]
    return found + [_property("not-known", text) for text in needs.not_known]


def _property(name: str, value: object) -> dict[str, str]:
    return {"name": f"{_PREFIX}:{name}", "value": str(value)}


def _dependencies(version: ListedVersion, purls: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"ref": version.handle, "dependsOn": [_ref(version, one) for one in version.deployments]},
        *(
            {
                "ref": _ref(version, deployment),
                "dependsOn": sorted({_purl(one.registry, one.name) for one in deployment.needs.packages}),
            }
            for deployment in version.deployments
        ),
        *({"ref": purl} for purl in purls),
    ]


def _ref(version: ListedVersion, deployment: ListedDeployment) -> str:
    return f"{version.handle}#{deployment.kind}"


def _purl(registry: str, name: str) -> str:
    """Returns the package URL (purl) of a package.

    >>> _purl("npm", "@tensorflow/tfjs")
    'pkg:npm/%40tensorflow/tfjs'
    """
    return f"pkg:{registry}/{quote(name, safe='/')}"
