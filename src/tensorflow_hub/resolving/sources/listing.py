"""The files of the module among the files that a service lists: those in the folder with a graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from tensorflow_hub.errors import NotFoundError
from tensorflow_hub.format.module.layout import GRAPHS, folders_with_graph
from tensorflow_hub.handles import names_archive
from tensorflow_hub.network.foreign_text import one_line
from tensorflow_hub.resolving.transfer.offers import FileList, RemoteFile

_FILES = frozenset({*GRAPHS, "tfhub_module.pb", "fingerprint.pb", "keras_metadata.pb"})
_FOLDERS = ("variables/", "assets/", "assets.extra/")
# The suffixes of other files in repositories.
_OTHERS = {
    ".safetensors": "safetensors",
    ".bin": "PyTorch",
    ".pt": "PyTorch",
    ".tflite": "TensorFlow Lite",
    ".onnx": "ONNX",
    ".keras": "Keras",
    ".h5": "Keras (HDF5)",
    ".gguf": "GGUF",
}


def module_files(
    files: Sequence[RemoteFile],
    page: str,
    folder: str = "",
    *,
    only_known: bool = False,
    handle_of: Callable[[str], str] | None = None,
) -> FileList:
    """The files of a module among the files of a repository or a version.

    Args:
      files: the files, with their paths from the root.
      page: the URL of a page that shows the files, for messages.
      folder: the folder of the module; "" for the root, or for the only folder with a graph.
      only_known: whether to leave out files that are not part of a SavedModel.
      handle_of: a function that returns the handle of a folder or archive there, for messages; None if they
        have no handles.

    Returns:
      The files below that folder, with their paths from there.

    Raises:
      NotFoundError: there is no SavedModel. The message says in which folders there is one, or what there is.
    """
    places = folders_with_graph(file.path for file in files)
    if not folder and "" not in places and len(places) == 1:
        folder = places[0]
    if folder not in places:
        raise _no_module([file.path for file in files], page, folder, handle_of)
    prefix = f"{folder}/" if folder else ""
    below = [
        dataclasses.replace(file, path=file.path[len(prefix) :])
        for file in files
        if file.path.startswith(prefix)
    ]
    return FileList(tuple(file for file in below if not only_known or _belongs(file.path)))


def require_graph(paths: Sequence[str], page: str) -> None:
    """Checks that there is a SavedModel among the files of an archive.

    Args:
      paths: the paths of the files.
      page: the URL of a page that shows the archive, for messages.

    Raises:
      NotFoundError: there is none. The message says what there is.
    """
    if not folders_with_graph(paths):
        raise _no_module(paths, page)


def _belongs(path: str) -> bool:
    return path in _FILES or path.startswith(_FOLDERS)


def _no_module(
    paths: Sequence[str], page: str, folder: str = "", handle_of: Callable[[str], str] | None = None
) -> NotFoundError:
    where = f"in the folder {folder!r}" if folder else "at the root"
    problem = f"There is no SavedModel {where} of {page}"
    places = folders_with_graph(paths)
    if places:
        found = ", ".join(f"{place!r:.100}" if place else "the root" for place in places[:10])
        hint = f"Download it from {page}; the path of a folder is a handle, too."
        if handle_of is not None:
            hint = f"Its handle is {handle_of(places[0])!r:.300}."
        return NotFoundError(f"{problem}, but in: {found}.", hint=hint)
    kinds = sorted({kind for path in paths for end, kind in _OTHERS.items() if path.lower().endswith(end)})
    archives = [path for path in paths if names_archive(path)]
    hint = f"Look at {page}."
    if archives:
        found = one_line(", ".join(archives[:3]), 200)
        how = "Download it; its path is a handle, too."
        if handle_of is not None:
            how = f"Its handle is {handle_of(archives[0])!r:.300}."
        hint = f"An archive may hold one: {found}. {how}"
    held = one_line(", ".join(kinds or paths[:5]) or "nothing", 200)
    return NotFoundError(f"{problem}: it holds {held}.", hint=hint)
