"""Measurements of versions on a hub: attaching, deleting and comparing them."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tensorflow_hub.api.figures import Figures
from tensorflow_hub.client.calls import call, client_settings
from tensorflow_hub.client.versions import show
from tensorflow_hub.errors import DataError
from tensorflow_hub.handles import ModelName, as_model_name

if TYPE_CHECKING:
    from tensorflow_hub.api import answers

__all__ = ["Figures", "attach", "compare_measured", "detach", "name_on_hub", "read_figures", "write_figures"]


def attach(
    handle: str,
    figures: Figures,
    *,
    publisher: str | None = None,
    hub: str | None = None,
    token: str | None = None,
) -> answers.Measurement:
    """Attaches a measurement to a version. It replaces that of the same publisher, task, dataset and metric.

    Args:
      handle: `"publisher/model/version"`; without a version, the latest one.
      figures: the measurement.
      publisher: the publisher who measured; None means the publisher of the model.
      hub: URL of the hub; default `TFHUB_URL`.
      token: a token of scope publish for the publisher who measured.

    Returns:
      The measurement on the hub, with its number.

    Raises:
      NotFoundError: there is no such version.
      ConflictError: the version has other content than the measured module.
      ForbiddenError: the token has no permission, or the hub accepts no measurements by other publishers.
      RejectedError: a field is not valid; the message says which and why.
    """
    name = ModelName.parse(handle)
    if name.version is None:
        latest = show(handle, hub=hub, token=token).get("latest")
        name = dataclasses.replace(name, version=latest)
    known = {field: value for field, value in dataclasses.asdict(figures).items() if value not in ("", None)}
    body: dict[str, Any] = {"handle": str(name), **known}
    if publisher is not None:
        body["publisher"] = publisher
    done: answers.Measurement = call(
        client_settings(hub, token), "PUT", "/api/v1/measurements", what=str(name), json=body
    )
    return done


def detach(number: int, *, hub: str | None = None, token: str | None = None) -> None:
    """Deletes a measurement. The user who attached it and the owners of the publishers may do this."""
    path = f"/api/v1/measurements/{number}"
    call(client_settings(hub, token), "DELETE", path, what=f"measurement {number}")


def compare_measured(
    dataset: str, task: str = "", sort: str = "", page: int = 1, *, hub: str | None = None
) -> answers.Measured:
    """The models with measurements on a dataset, best first.

    Args:
      dataset: the name of the dataset; "" for a list of the datasets only.
      task: the task; "" for any.
      sort: `"metric:NAME"`, `"speed"`, `"size"` or `"model"`, with a leading `-` for the reverse; "" for the
        first metric.
      page: the number of the page, from 1; a page has 50 rows.
      hub: URL of the hub; default `TFHUB_URL`.
    """
    asked = {"dataset": dataset, "task": task, "sort": sort, "page": str(page)}
    params = {name: value for name, value in asked.items() if value}
    found: answers.Measured = call(
        client_settings(hub), "GET", "/api/v1/measured", what="what was measured", params=params
    )
    return found


def name_on_hub(handle: str) -> str | None:
    """The name of a module on the hub in `TFHUB_URL`; None for a module from elsewhere.

    >>> name_on_hub("acme/words/1"), name_on_hub("kaggle://google/yamnet/tensorFlow2/yamnet")
    ('acme/words/1', None)
    """
    base = client_settings().hub.rstrip("/") + "/"
    name = as_model_name(handle.removeprefix(base).partition("?")[0])
    return None if name is None or os.path.isdir(handle) else str(name)


def write_figures(path: str | os.PathLike[str], figures: Sequence[Figures]) -> None:
    """Writes measurements to a JSON file that `read_figures` reads."""
    text = json.dumps({"measurements": [dataclasses.asdict(one) for one in figures]}, indent=2)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read_figures(path: str | os.PathLike[str]) -> list[Figures]:
    """Reads measurements from a JSON file. Only the hub checks their values.

    Raises:
      DataError: the file cannot be read, or is not a file of measurements.
    """
    shown, text = os.fspath(path), "?"
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        return [Figures(**one) for one in json.loads(text)["measurements"]]
    except OSError as error:
        raise DataError(
            f"Expected a file with measurements at {shown!r}, got the error: {error.strerror}.",
            hint="Check the path.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise _no_figures(shown, "which is not JSON" if text else "which is empty") from error
    except (TypeError, KeyError) as error:
        raise _no_figures(shown, "which has other fields") from error


def _no_figures(shown: str, reason: str) -> DataError:
    return DataError(
        f"Expected a file with measurements, got {shown!r}, {reason}.",
        hint="Pass a file measurements.json that `tfhub retrain` wrote.",
    )
