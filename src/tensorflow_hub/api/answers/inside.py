"""What is inside a version: files, variables, graph; and the differences to another one."""

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
    """A part of a text file; `text` is empty where the bytes are no text."""

    handle: Handle
    deployment: DeploymentKind
    path: str
    sha256: Sha256
    size: Annotated[int, Meta(description="Bytes of the whole file.")]
    start: Annotated[int, Meta(description="The first byte of this part.")]
    end: Annotated[int, Meta(description="The byte behind its last one.")]
    is_text: bool
    text: str


class VariableOfVersion(TypedDict):
    """A variable."""

    name: str
    dtype: str
    shape: Sequence[int | None] | None
    size: Annotated[int, Meta(description="Bytes.")]


class VariablesOfVersion(TypedDict):
    """The variables of a deployment whose names have the words asked for."""

    handle: Handle
    deployment: DeploymentKind
    variables: Sequence[VariableOfVersion]
    total: Count
    bytes: Annotated[int, Meta(description="Of all that match.")]
    page: int
    pages: int


class OpOfGraph(TypedDict):
    """An op of a graph."""

    op: str
    count: Count
    reaches: Annotated[str, Meta(description="What it does outside of the graph; empty for nothing.")]


class LayerOfGraph(TypedDict):
    """A scope of names in a graph, with the scopes within."""

    name: str
    ops: Annotated[int, Meta(description="Ops in it, with those of the scopes within.")]
    commonest: Sequence[str]
    layers: Sequence[LayerOfGraph]


class GraphOfVersion(TypedDict):
    """The ops of a graph by count, and its signatures with their layers."""

    handle: Handle
    deployment: DeploymentKind
    ops: Sequence[OpOfGraph]
    signatures: Sequence[LayerOfGraph]


class Change(TypedDict):
    """What one version has, and what the other has in its place; null for nothing."""

    name: str
    before: str | None
    after: str | None


class Differences(TypedDict):
    """What changed from one version of a model to another."""

    before: Handle
    after: Handle
    summary: Annotated[Sequence[str], Meta(description="In sentences.")]
    card: Annotated[Sequence[str], Meta(description="Lines of a unified diff.")]
    variables: Sequence[Change]
    ops: Sequence[Change]
    files: Sequence[Change]
    cut: Annotated[bool, Meta(description="Whether there are more than are listed.")]
