"""`DeploymentKind`: the properties of one kind of deployment, for publishing, downloads, pages and search."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorflow_hub.format.module.module_description import ModuleDescription


class Form(enum.Enum):
    """A form in which a deployment can be downloaded."""

    ARCHIVE = "the whole archive"
    INDEX = "the index of the archive"
    UNPACKED = "the location of its unpacked files"
    MEMBER = "one of several files"
    FILE = "its only file"


@dataclasses.dataclass(frozen=True)
class Snippet:
    """Example code to copy.

    Attributes:
      title: the heading.
      code: the code.
      language: the language for highlighting, such as "python".
      code_with_token: the code for private models, where it has to send a token; "" if it is the same.
    """

    title: str
    code: str
    language: str
    code_with_token: str = ""


@dataclasses.dataclass(frozen=True)
class Program:
    """A package that runs a deployment: of the registry "pypi" or "npm"; `import_name` in Python."""

    registry: str
    name: str
    import_name: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeploymentKind:
    """A kind of deployment.

    Attributes:
      name: the name in the API and the catalogue, such as `"tflite"`.
      label: the name for people, such as `"TFLite"`.
      card: the word in the title of its cards, in lower case, such as `"lite"`.
      parameter: the URL parameter of its downloads, such as `"lite-format"`.
      forms: value of this parameter → form of the download; the first one is the default download.
      contents: the kinds of module (`ModuleDescription.kind`) that may be published as this kind.
      formats: value of the facet "format" → its name, for the formats of this kind.
      looks_for: what `read` looks for in a directory, for messages: `"a .tflite file"`.
      read: a function that describes a directory, or returns None if it has no module of this kind. Its
        arguments are the directory and the largest allowed graph in bytes. None for kinds that restrict
        another kind (Coral).
      snippets: a function that returns code to use a version, from its URL, a format and the description.
      program: the program that runs it; None if it is in no package registry.
      folder: the folder of this kind below the publisher in URLs of tfhub.dev; "" for models themselves.
      suffix: the suffix of its only file; "" for a kind of several files.
      also_called: other words for it, which full-text search finds too.
    """

    name: str
    label: str
    card: str
    parameter: str
    forms: Mapping[str, Form]
    contents: tuple[str, ...]
    formats: Mapping[str, str]
    snippets: Callable[[str, str, Mapping[str, Any]], list[Snippet]]
    looks_for: str = ""
    read: Callable[[Path, int], ModuleDescription | None] | None = None
    program: Program | None = None
    folder: str = ""
    suffix: str = ""
    also_called: str = ""

    @property
    def is_model(self) -> bool:
        """Whether it is a model itself, and not a deployment of another one."""
        return not self.folder

    @property
    def download(self) -> str:
        """The query string of the default download."""
        return f"{self.parameter}={next(iter(self.forms))}"

    @property
    def is_kept_by_files(self) -> bool:
        """Whether its files can be downloaded one by one, so that a hub stores them one by one."""
        return not {Form.MEMBER, Form.FILE}.isdisjoint(self.forms.values())

    def format_of(self, content: str) -> str:
        """The value of the facet "format" for files of a kind of module."""
        return content if content in self.formats else next(iter(self.formats))
