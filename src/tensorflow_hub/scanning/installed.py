"""The installed versions of TensorFlow and Keras, found without importing them."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib.metadata
from pathlib import Path

import tensorflow_hub
from tensorflow_hub.scanning.names import ROOT

_PACKAGE = Path(tensorflow_hub.__file__).parent


@dataclasses.dataclass(frozen=True)
class Installed:
    """The installed versions. If TensorFlow is not installed, they are those of a new installation.

    Attributes:
      tensorflow: major and minor version.
      keras: the major version of `tf.keras`.
    """

    tensorflow: tuple[int, int] = (2, 21)
    keras: int = 3

    @classmethod
    def here(cls) -> Installed:
        """The versions in this environment."""
        tensorflow = _version("tensorflow") or cls.tensorflow
        keras = _version("keras") or (cls.keras, 0)
        return cls(tensorflow, 2 if tensorflow < (2, 16) else keras[0])

    @property
    def shown(self) -> str:
        """The version of TensorFlow, for messages."""
        return f"TensorFlow {self.tensorflow[0]}.{self.tensorflow[1]}"


def _version(distribution: str) -> tuple[int, int] | None:
    try:
        major, minor, *_ = importlib.metadata.version(distribution).split(".")
        return int(major), int(minor)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None


def exists(meaning: str) -> bool:
    """Whether this library has a dotted name. Attributes of classes are not checked.

    >>> exists("tensorflow_hub.KerasLayer.call"), exists("tensorflow_hub.resolver.DownloadManager")
    (True, False)
    """
    first, _, rest = meaning.removeprefix(f"{ROOT}.").partition(".")
    if first in tensorflow_hub.__all__ or first.startswith("__"):
        return True
    if (_PACKAGE / first).is_dir():
        return (_PACKAGE / first / "__init__.py").exists()
    file = _PACKAGE / f"{first}.py"
    return file.exists() and (not rest or rest.partition(".")[0] in _names_in(file))


@functools.cache
def _names_in(file: Path) -> frozenset[str]:
    """The names that a file of this library defines or forwards."""
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name for alias in aliases}
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names.add(name)
                if name == "__getattr__" and isinstance(value, ast.Call):
                    names |= {
                        str(argument.value) for argument in value.args if isinstance(argument, ast.Constant)
                    }
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return frozenset(names)
