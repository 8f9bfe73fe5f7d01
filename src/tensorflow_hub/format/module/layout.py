"""The names of the files in a module directory, and reading them.

Nothing is parsed here: sources use this file for each handle, and protocol buffers take long to import.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tensorflow_hub.errors import FormatError, NotAModuleError

SAVED_MODEL = "saved_model.pb"
GRAPHS = frozenset({SAVED_MODEL, "saved_model.pbtxt"})
MODULE_DEF = "tfhub_module.pb"
VARIABLES_INDEX = "variables/variables.index"
ASSETS = "assets"
TFJS_MODEL = "model.json"
ATTACHMENTS = "hub_module_attachments"  # the graph collection of attached messages

LARGEST = 2 << 30  # bytes, the limit of protocol buffers


def read_file(directory: Path, name: str, largest: int = LARGEST) -> bytes:
    """Reads a file of a module into memory.

    Raises:
      FormatError: the file has more than `largest` bytes.
      OSError: the file cannot be read.
    """
    path = directory / name
    size = path.stat().st_size
    if size > largest:
        raise FormatError(
            f"Expected {name} of at most {largest:,} bytes, got {size:,}.",
            hint="Keep weights in variables, not in the graph, then export again.",
        )
    return path.read_bytes()


def folders_with_graph(paths: Iterable[str]) -> list[str]:
    """The folders that have a graph of a SavedModel in them; "" is the root.

    >>> folders_with_graph(["README.md", "saved_model.pb", "large/saved_model.pb"])
    ['', 'large']
    """
    split = (path.rpartition("/") for path in paths)
    return sorted({folder for folder, _, name in split if name in GRAPHS})


def not_a_module(directory: Path, looked_for: str = SAVED_MODEL) -> NotAModuleError:
    """The error for a directory without a module. The message lists what is in the directory."""
    hint = "Pass the directory that has saved_model.pb in it."
    if not directory.exists():
        return NotAModuleError(
            f"Expected a module directory, got {str(directory)!r}, which does not exist.", hint=hint
        )
    if not directory.is_dir():
        return NotAModuleError(f"Expected a module directory, got the file {str(directory)!r}.", hint=hint)
    names = sorted(entry.name + "/" * entry.is_dir() for entry in directory.iterdir())
    if "saved_model.pbtxt" in names:
        hint = "Load it with TensorFlow and save it again, because a hub does not accept the text format."
    elif "saved_model.cpb" in names:
        hint = "Save it again in one file: tf.saved_model.SaveOptions(experimental_image_format=False)."
    inner = next((name for name in names if (directory / name / SAVED_MODEL).is_file()), None)
    if inner:
        hint = f"Pass {str(directory / inner)!r}, which has a module in it."
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "") if names else "nothing"
    return NotAModuleError(
        f"Expected {looked_for} in {str(directory)!r}, got {shown}.",
        hint=hint,
    )


def tflite_file(directory: Path) -> str | None:
    """The name of the only TFLite file in a directory; None if there is none, or several."""
    names = sorted(path.name for path in directory.iterdir() if path.suffix == ".tflite")
    return names[0] if len(names) == 1 else None
