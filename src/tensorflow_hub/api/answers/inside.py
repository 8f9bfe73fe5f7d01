"""Answers about the content of a version: files, variables, graph, and differences to another version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict

from msgspec import Meta

from tensorflow_hub.api.fields import Count, DeploymentKind, Handle, Sha256


class FileOfVersion(TypedDict):
    """A file of a version."""

    path: str
    size: Annotated[int, Meta(description="Bytes.")]
    sha256: Sha256


class FilesOfVersion(TypedDict):
    """The files of a deployment, and how many there are on all pages."""

    handle: Handle
    deployment: DeploymentKind
    files: Sequence[FileOfVersion]
    total: Count
    page: int
    pages: int


class TextOfFile(TypedDict):
    """A part of a text file; `text` is empty if the bytes are not text."""

    handle: Handle
    deployment: DeploymentKind
    path: str
    sha256: Sha256
    size: Annotated[int, Meta(description="Size of the whole file in bytes.")]
    start: Annotated[int, Meta(description="The first byte of this part.")]
    end: Annotated[int, Meta(description="The offset after its last byte.")]
    is_text: bool
    text: str


class VariableOfVersion(TypedDict):
    """A variable."""

    name: str
    dtype: str
    shape: Sequence[int | None] | None
    size: Annotated[int, Meta(description="Bytes.")]


class VariablesOfVersion(TypedDict):
    """The variables of a deployment whose names contain the words of the search."""

    handle: Handle
    deployment: DeploymentKind
    variables: Sequence[VariableOfVersion]
    total: Count
    bytes: Annotated[int, Meta(description="Size of all matching variables in bytes.")]
    page: int
    pages: int


class OpOfGraph(TypedDict):
    """An op of a graph."""

    op: str
    count: Count
    reaches: Annotated[
        str | None,
        Meta(
            description="What it can access outside of the graph; empty for nothing; null: not known, for "
            "ops that TensorFlow does not have."
        ),
    ]


class LayerOfGraph(TypedDict):
    """A scope of names in a graph, with the nested scopes."""

    name: str
    ops: Annotated[int, Meta(description="Number of ops, with those of nested scopes.")]
    commonest: Sequence[str]
    layers: Sequence[LayerOfGraph]


class GraphOfVersion(TypedDict):
    """The ops of a graph by count, and its signatures with their layers."""

    handle: Handle
    deployment: DeploymentKind
    ops: Sequence[OpOfGraph]
    signatures: Sequence[LayerOfGraph]


class Change(TypedDict):
    """The value in each of two versions; null if a version does not have it."""

    name: str
    before: str | None
    after: str | None


class Differences(TypedDict):
    """The differences between two versions of a model."""

    before: Handle
    after: Handle
    summary: Annotated[Sequence[str], Meta(description="The differences in sentences.")]
    card: Annotated[Sequence[str], Meta(description="Lines of a unified diff.")]
    variables: Sequence[Change]
    ops: Sequence[Change]
    files: Sequence[Change]
    cut: Annotated[bool, Meta(description="Whether the lists are cut off.")]
