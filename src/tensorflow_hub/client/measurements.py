"""Attach what was measured of a version to it on a hub, and take it away again."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tensorflow_hub.client.calls import call, client_settings
from tensorflow_hub.client.versions import show
from tensorflow_hub.errors import DataError
from tensorflow_hub.handles import ModelName, as_model_name

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


@dataclasses.dataclass(frozen=True)
class Figures:
    """What was measured, on what.

    Attributes:
      dataset: its name.
      metric: its name, for example `"accuracy"`.
      value: of the metric.
      task: what was solved, for example `"text-classification"`.
      higher_is_better: whether a larger value is a better one.
      low: the lower end of the confidence interval; None without one.
      high: the upper end.
      examples: how many of the dataset were measured on.
      examples_per_second: how many the module computed in a second.
      machine: on which machine, in words.
      size: bytes of the files that were measured.
      dataset_url: where the dataset is.
      dataset_digest: of its content: `"sha256:…"`.
      digest: of the module's content: a hub refuses what was measured of other content than the version's.
      tool: the program that measured, with its version.
    """

    dataset: str
    metric: str
    value: float
    task: str = ""
    higher_is_better: bool = True
    low: float | None = None
    high: float | None = None
    examples: int | None = None
    examples_per_second: float | None = None
    machine: str = ""
    size: int | None = None
    dataset_url: str = ""
    dataset_digest: str | None = None
    digest: str | None = None
    tool: str = ""


def attach(
    handle: str,
    figures: Figures,
    *,
    publisher: str | None = None,
    hub: str | None = None,
    token: str | None = None,
) -> answers.Measurement:
    """Attaches figures to a version, in the place of those of the same publisher, task, dataset and metric.

    Args:
      handle: `"publisher/model/version"`; without a version, the newest one.
      figures: what was measured.
      publisher: who measured; the publisher of the model where it is not said.
      hub: URL of the hub; default `TFHUB_URL`.
      token: the right to do so: of scope publish for who measured.

    Returns:
      What the hub has then, with its number.

    Raises:
      NotFoundError: there is no such version.
      ConflictError: the version has other content than what was measured.
      ForbiddenError: the token has not the right, or the hub takes no measurements of others.
      RejectedError: the figures are none; says which and why.
    """
    name = ModelName.parse(handle)
    if name.version is None:
        newest = show(handle, hub=hub, token=token).get("newest")
        name = dataclasses.replace(name, version=newest)
    body: dict[str, Any] = {"handle": str(name), **dataclasses.asdict(figures)}
    if publisher is not None:
        body["publisher"] = publisher
    done: answers.Measurement = call(
        client_settings(hub, token), "PUT", "/api/v1/measurements", what=str(name), json=body
    )
    return done


def detach(number: int, *, hub: str | None = None, token: str | None = None) -> None:
    """Takes a measurement away; for who attached it, and for the owners of the publishers."""
    path = f"/api/v1/measurements/{number}"
    call(client_settings(hub, token), "DELETE", path, what=f"measurement {number}")


def compare_measured(
    dataset: str, task: str = "", sort: str = "", page: int = 1, *, hub: str | None = None
) -> answers.Measured:
    """The models that were measured on a dataset, best first.

    Args:
      dataset: its name; "" for a list of the datasets alone.
      task: what was solved; "" for any.
      sort: `"metric:NAME"`, `"speed"`, `"size"` or `"model"`, with `-` before it for the other way round; by
        default by the first metric.
      page: from 1, of 50 rows each.
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
    """Writes figures to a JSON file that `read_figures` reads."""
    text = json.dumps({"measurements": [dataclasses.asdict(one) for one in figures]}, indent=2)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read_figures(path: str | os.PathLike[str]) -> list[Figures]:
    """The figures in a JSON file; what they have to be like, the hub checks.

    Raises:
      DataError: it is no such file.
    """
    shown = os.fspath(path)
    try:
        with open(path, encoding="utf-8") as file:
            return [Figures(**one) for one in json.load(file)["measurements"]]
    except OSError as error:
        raise DataError(
            f"The measurements in {shown!r} cannot be read: {error.strerror}.", hint="Check the path."
        ) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(
            f"Expected a file with measurements, got {shown!r}, which is none: {error}.",
            hint="`tfhub retrain` writes one: measurements.json.",
        ) from error
