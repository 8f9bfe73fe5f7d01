"""Models, their versions and deployments, and publishers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from tensorflow_hub.api.answers.measurements import Measurement
from tensorflow_hub.api.answers.signatures import Signature
from tensorflow_hub.api.fields import DeploymentKind, Digest, Handle, Sha256, Time


class NeededPackage(TypedDict):
    """A package to install."""

    registry: Annotated[str, Meta(description="pypi or npm.")]
    name: str
    import_name: Annotated[str, Meta(description="The name to import in Python; empty for other languages.")]
    why: str


class Needs(TypedDict):
    """The requirements to run a deployment, found in its files."""

    format: str
    stated_versions: Annotated[
        Mapping[str, str],
        Meta(
            description="As the files state them: tensorflow, keras, tflite_schema, tflite_runtime (the "
            "earliest), tfjs_converter, tfjs_writer."
        ),
    ]
    strips_defaults: Annotated[
        bool | None, Meta(description="Attributes of ops with default values were left out. null: unknown.")
    ]
    packages: Sequence[NeededPackage]
    features: Annotated[Sequence[str], Meta(description="Features of the runtime that not every build has.")]
    core_ops: Annotated[int | None, Meta(description="Number of ops of TensorFlow itself. null: not listed.")]
    unknown_ops: Annotated[Sequence[str], Meta(description="Ops for which no package is known.")]
    unsafe_ops: Annotated[
        Mapping[str, str], Meta(description="Op → what it can access outside of the graph.")
    ]
    not_known: Annotated[Sequence[str], Meta(description="Requirements that could not be determined.")]


class Deployment(TypedDict):
    """A form in which a version can be downloaded."""

    kind: DeploymentKind
    url: str
    archive_size: int
    archive_sha256: Sha256
    digest: Digest
    size: Annotated[int, Meta(description="Size of the unpacked files in bytes.")]
    files: int
    published_at: Time
    description: Annotated[
        Mapping[str, Any],
        Meta(description="Kind, signatures, variables, ops, assets, interfaces, packages."),
    ]
    needs: Needs


class Picture(TypedDict):
    """A picture that a card refers to."""

    path: Annotated[str, Meta(description="The path in the card.")]
    url: str
    sha256: Annotated[Sha256, Meta(description="SHA-256 of the file without its metadata.")]
    media_type: str
    width: Annotated[int, Meta(description="Pixels.")]
    height: int


class Version(TypedDict):
    """A version with its card and its downloads."""

    handle: Handle
    url: str
    publisher: str
    model: str
    version: int
    kind: str
    state: Annotated[str, Meta(extra_json_schema={"enum": ["visible", "withdrawn"]})]
    reason: str
    latest: int | None
    parent: str | None
    published_at: Annotated[
        Time | None, Meta(description="null: unknown, because only the documentation was imported.")
    ]
    published_by: Annotated[
        str, Meta(description="The name of the token; empty for callers without a token of the publisher.")
    ]
    downloads: int
    description: str
    metadata: Mapping[str, Sequence[str]]
    card: Annotated[str, Meta(description="The whole card, Markdown.")]
    card_updated_at: Annotated[Time | None, Meta(description="null: there is no card.")]
    pictures: Sequence[Picture]
    deployments: Sequence[Deployment]
    derived_from: Annotated[Sequence[str], Meta(description="The modules that its card names as origins.")]
    used_by: Annotated[
        Sequence[Handle], Meta(description="The newest versions derived from it; 100 at most.")
    ]
    measurements: Sequence[Measurement]
    signatures: Sequence[Signature]


class VersionOfModel(TypedDict):
    """A version in the list of its model."""

    handle: Handle
    url: str
    version: int
    state: str
    reason: str
    published_at: Time | None


class Model(TypedDict):
    """A model and its versions, newest first."""

    handle: str
    url: str
    publisher: str
    model: str
    kind: str
    latest: int | None
    downloads: int
    created_at: Time
    updated_at: Time
    versions: Sequence[VersionOfModel]


class Publisher(TypedDict):
    """A publisher."""

    name: str
    url: str
    title: str
    description: str
    private: bool
    created_at: Time


class ModelOfPublisher(TypedDict):
    """A model in the list of its publisher."""

    handle: str
    url: str
    kind: str
    latest: int | None
    updated_at: Time


class PublisherWithModels(Publisher):
    """A publisher, its card and its models."""

    card: str
    models: Sequence[ModelOfPublisher]


class Publishers(TypedDict):
    """All publishers that the caller may see."""

    publishers: Sequence[Publisher]


class Upload(TypedDict, total=False):
    """The state of an upload, or that the same content is published already."""

    id: str
    url: str
    handle: Handle
    size: int
    received: Annotated[int, Meta(description="The offset from which to send bytes.")]
    expires_at: Time
    published: Annotated[bool, Meta(description="true: the same content is published already; send nothing.")]


class StateOfVersion(TypedDict):
    """The new state of a version."""

    handle: Handle
    state: str
    reason: str
