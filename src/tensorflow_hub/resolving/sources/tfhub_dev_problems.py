"""What is said when a model of tfhub.dev cannot be had: the answer of each place, and what to do next."""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence

from tensorflow_hub.errors import (
    ArchiveError,
    DigestError,
    DownloadError,
    HubError,
    NotFoundError,
    UnreachableError,
)
from tensorflow_hub.resolving.sources.listing import require_graph
from tensorflow_hub.resolving.sources.source import Failure
from tensorflow_hub.services.settings import ServiceSettings
from tensorflow_hub.services.tfhub_dev import TfhubDevHandle
from tensorflow_hub.services.tfhub_moves import DELETED_ON, move_of, moves_of, names_that_moved


def error_of_all(handle: str, model: TfhubDevHandle, failures: Sequence[Failure]) -> HubError:
    """The error if no place has a model. It names each place with its answer.

    Args:
      handle: the handle as the user wrote it.
      model: the model.
      failures: the answers of all places, at least one.
    """
    move = move_of(model.name)
    what = f"{handle!r} cannot be had from any of its places."
    if move and move.kaggle is None:
        what = f"{handle!r} was deleted from tfhub.dev by Google on {DELETED_ON}."
    lines = [f"\n  {failure.place}: {failure.problem.problem.rstrip('.')}." for failure in failures]
    page = move.kaggle.page if move and move.kaggle else model.page
    decisive = _decisive(failures, model.page)
    kind = DownloadError if isinstance(decisive, (ArchiveError, DigestError)) else type(decisive)
    advice = decisive.hint.rstrip(".")
    if page not in advice:
        advice += f"; or open {page}"
    return kind(
        what + "".join(lines),
        hint=f"{advice}. When a hub of yours has it: "
        "TFHUB_MIRRORS='https://tfhub.dev/ -> https://your.hub/'.",
    )


def _decisive(failures: Sequence[Failure], page: str) -> HubError:
    """The failure to report: "not found" only if all places say so, otherwise the failure of Kaggle.

    Of places that do not have it, tfhub.dev itself says most.
    """
    others = [failure for failure in failures if not isinstance(failure.problem, NotFoundError)]
    of_kaggle = [failure for failure in others if failure.place.startswith("kaggle:")]
    of_tfhub_dev = [failure for failure in failures if failure.place == page]
    return (of_kaggle or others or of_tfhub_dev or failures)[0].problem


def error_of_page(url: str, model: TfhubDevHandle) -> HubError:
    """The error if tfhub.dev, or the place that it leads to, gave a web page instead of an archive."""
    parts = urllib.parse.urlsplit(url)
    kaggle = urllib.parse.urlsplit(ServiceSettings.from_environment().kaggle).netloc
    if parts.path.rstrip("/") == "/models" and parts.netloc in {kaggle, "www.kaggle.com", "kaggle.com"}:
        return NotFoundError("It leads to no model on Kaggle.", hint=advice_for_unknown(model))
    return UnreachableError(
        f"It gave a web page instead of an archive ({parts.hostname}).",
        hint=f"Open {model.page} in a browser: the network or a proxy may want a login.",
    )


def require_saved_model(model: TfhubDevHandle, paths: Sequence[str]) -> None:
    """Checks that there is a SavedModel among the files of an archive.

    Raises:
      NotFoundError: there is none.
    """
    try:
        require_graph(paths, model.page)
    except NotFoundError as problem:
        if not any(path.endswith(".tflite") for path in paths):
            raise
        hint = f"Ask for its file for TensorFlow Lite: `tfhub pull '{model.page}?lite-format=tflite'`."
        raise NotFoundError(problem.problem, hint=hint) from problem


def advice_for_unknown(model: TfhubDevHandle) -> str:
    """What to do about a name that tfhub.dev does not know: the versions that exist, or similar names."""
    look = f"Look at {model.page}."
    if model.framework or move_of(model.name):  # the table has only SavedModels
        return look
    documented = moves_of(model.name)
    if documented:
        versions = ", ".join(str(move.name.version) for move in documented)
        return f"Take one of the versions that tfhub.dev had: {versions}."
    import difflib  # only for misspelt names: this file is loaded for each handle of tfhub.dev

    similar = difflib.get_close_matches(str(model.name.unversioned()), names_that_moved(), 3, cutoff=0.9)
    return f"If the name is misspelt: tfhub.dev had {', '.join(similar)}." if similar else look
