"""Tables that compare models on a dataset, with a row for each version and each publisher who measured it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import sqlalchemy as sa

from tensorflow_hub.api.figures import Figures
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.measurements import FIGURES
from tensorflow_hub.server.catalogue.records import VISIBLE
from tensorflow_hub.server.catalogue.tables import deployments, measurements, models, publishers, versions

# How many measurements of a dataset are used (the latest), and how many datasets are listed.
MOST_MEASUREMENTS, _MOST_DATASETS = 5_000, 500
_CHUNK = 500
# The orders of a table, besides `metric:NAME`.
SIZE, SPEED, MODEL = "size", "speed", "model"
METRIC = "metric:"


@dataclasses.dataclass(frozen=True)
class MeasuredDataset:
    """A dataset that models were measured on for a task, and the number of measured versions."""

    task: str
    dataset: str
    versions: int


@dataclasses.dataclass(frozen=True)
class MeasuredVersion:
    """The measurements of a version by one publisher.

    Attributes:
      handle: the version.
      publisher: who measured.
      task: the task, for example "text-classification".
      figures: the results by metric.
      size: the size of the download in bytes; None if the hub has only the documentation.
    """

    handle: str
    publisher: str
    task: str
    figures: dict[str, Figures]
    size: int | None

    @property
    def fastest(self) -> Figures | None:
        """The results with the most examples per second; None if no speed was measured."""
        timed = [one for one in self.figures.values() if one.examples_per_second is not None]
        return max(timed, key=lambda one: one.examples_per_second or 0.0, default=None)

    @property
    def by_others(self) -> bool:
        """Whether the measurement is by another publisher than that of the model."""
        return self.publisher != self.handle.partition("/")[0]


@dataclasses.dataclass(frozen=True)
class MeasuredTable:
    """The table of a dataset.

    Attributes:
      rows: the rows.
      metrics: name of the metric → whether a higher value is better.
      is_cut: whether there are more measurements than the table uses.
    """

    rows: tuple[MeasuredVersion, ...]
    metrics: dict[str, bool]
    is_cut: bool = False

    @property
    def orders(self) -> tuple[str, ...]:
        """The orders by which the table can be sorted."""
        return (*(METRIC + name for name in self.metrics), SPEED, SIZE, MODEL)

    def sorted_by(self, order: str, reverse: bool = False) -> MeasuredTable:
        """Returns the table with the best rows first, or the worst if `reverse`.

        Rows without a value are last.
        """

        def rank(row: MeasuredVersion) -> tuple[bool, float, str]:
            value = self._cost(row, order)
            return math.isnan(value), -value if reverse else value, row.handle

        rows = sorted(self.rows, key=rank)
        if order == MODEL and reverse:
            rows.reverse()
        return dataclasses.replace(self, rows=tuple(rows))

    def _cost(self, row: MeasuredVersion, order: str) -> float:
        """Returns the sort key of a row, the lowest for the best one; NaN without a value."""
        if order == MODEL:
            return 0.0
        if order == SIZE:
            return math.nan if row.size is None else float(row.size)
        if order == SPEED:
            return math.nan if row.fastest is None else -(row.fastest.examples_per_second or 0.0)
        name = order.removeprefix(METRIC)
        if name not in row.figures:
            return math.nan
        value = row.figures[name].value
        return -value if self.metrics[name] else value


# The publisher who measured; `publishers` is the one of the model.
_measurer = publishers.alias("who")
_of_versions = (
    measurements.join(versions, measurements.c.version_id == versions.c.id)
    .join(models, versions.c.model_id == models.c.id)
    .join(publishers, models.c.publisher_id == publishers.c.id)
    .join(_measurer, measurements.c.publisher_id == _measurer.c.id)
)


def _readable(audience: Audience) -> sa.ColumnElement[bool]:
    """Returns the condition that the version is visible, and that the audience may read both publishers."""
    return sa.and_(versions.c.state == VISIBLE, audience.condition(), audience.condition(_measurer))


def list_datasets(connection: sa.Connection, audience: Audience, task: str = "") -> list[MeasuredDataset]:
    """Returns the datasets that models were measured on, sorted by task; only those of `task` if given."""
    query = (
        sa.select(
            measurements.c.task,
            measurements.c.dataset,
            sa.func.count(sa.distinct(measurements.c.version_id)),
        )
        .select_from(_of_versions)
        .where(_readable(audience))
        .group_by(measurements.c.task, measurements.c.dataset)
        .order_by(measurements.c.task, measurements.c.dataset)
        .limit(_MOST_DATASETS)
    )
    if task:
        query = query.where(measurements.c.task == task)
    return [MeasuredDataset(*row) for row in connection.execute(query)]


def measured_table(
    connection: sa.Connection,
    audience: Audience,
    dataset: str,
    task: str = "",
    most: int = MOST_MEASUREMENTS,
) -> MeasuredTable:
    """Returns the table of a dataset, from its `most` latest measurements; only those of `task` if given."""
    query = (
        sa.select(versions.c.id, models.c.handle, versions.c.number, _measurer.c.name, *FIGURES)
        .select_from(_of_versions)
        .where(measurements.c.dataset == dataset, _readable(audience))
        .order_by(measurements.c.measured_at.desc(), measurements.c.id)
        .limit(most + 1)
    )
    if task:
        query = query.where(measurements.c.task == task)
    found: dict[tuple[int, str, str, str], dict[str, Figures]] = {}
    measured = connection.execute(query).all()
    for version_id, handle, number, measurer, *values in measured[:most]:
        figures = Figures(*values)
        key = (version_id, f"{handle}/{number}", measurer, figures.task)
        found.setdefault(key, {})[figures.metric] = figures
    sizes = _download_sizes(connection, [key[0] for key in found])
    rows = tuple(
        MeasuredVersion(handle, measurer, of_task, figures, sizes.get(version_id))
        for (version_id, handle, measurer, of_task), figures in found.items()
    )
    every = [figures for row in rows for figures in row.figures.values()]
    metrics = {one.metric: one.higher_is_better for one in sorted(every, key=_by_metric)}
    return MeasuredTable(rows, metrics, is_cut=len(measured) > most)


def _by_metric(figures: Figures) -> str:
    return figures.metric


def _download_sizes(connection: sa.Connection, version_ids: Sequence[int]) -> dict[int, int]:
    """Returns for each version id the size in bytes of the archive of its first deployment."""
    sizes: dict[int, int] = {}
    for start in range(0, len(version_ids), _CHUNK):
        query = (
            sa.select(deployments.c.version_id, deployments.c.archive_size)
            .where(deployments.c.version_id.in_(version_ids[start : start + _CHUNK]))
            .order_by(deployments.c.id)
        )
        for version_id, size in connection.execute(query):
            sizes.setdefault(version_id, size)
    return sizes
