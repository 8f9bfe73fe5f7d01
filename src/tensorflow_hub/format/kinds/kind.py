"""What a kind of deployment is: how it is recognised, asked for, served, shown and used."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorflow_hub.format.module.module_description import ModuleDescription


class Form(enum.Enum):
    """A form in which a deployment can be fetched."""

    ARCHIVE = "the whole archive"
    INDEX = "the index of the archive"
    UNPACKED = "where its files lie unpacked"
    MEMBER = "one file of several"
    FILE = "its one file"


@dataclasses.dataclass(frozen=True)
class Snippet:
    """A piece of code to copy."""

    title: str
    code: str
    language: str


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
      name: in the API and the catalogue, such as `"tflite"`.
      label: for people: `"TFLite"`.
      card: what the first line of its cards calls it, in lower case: `"lite"`.
      parameter: the parameter of a URL that asks for it: `"lite-format"`.
      forms: value of this parameter → what is asked for; the first one is its download.
      contents: the kinds of module (`ModuleDescription.kind`) that may be published as it.
      formats: values of the facet "format" that it stands for → how they are called.
      looks_for: what `read` looks for in a directory, for messages: `"a .tflite file"`.
      read: describes a directory; None when it holds none. Takes the directory and the most bytes that a
        graph may have. Kinds that only restrict another one (Coral) have none.
      snippets: the code that uses a version, from its URL, a format and the description of its files.
      program: what runs it; None where no registry has it.
      folder: where tfhub.dev kept deployments of this kind, below the publisher; "" for models themselves.
      suffix: of the one file that is fetched by itself; "" for a kind of several files.
      static_score: how much it counts among results of equal words: a model above its deployments.
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
    static_score: int = 0

    @property
    def is_model(self) -> bool:
        """Whether it is a model itself, not a form of another one."""
        return not self.folder

    @property
    def download(self) -> str:
        """The query that downloads it."""
        return f"{self.parameter}={next(iter(self.forms))}"

    @property
    def is_kept_by_files(self) -> bool:
        """Whether its files are also fetched one by one, and so kept one by one."""
        return not {Form.MEMBER, Form.FILE}.isdisjoint(self.forms.values())

    def format_of(self, content: str) -> str:
        """The value of the facet "format" for files of a kind of module."""
        return content if content in self.formats else next(iter(self.formats))
