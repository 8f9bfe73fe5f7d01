"""Tables of the models that were measured on one dataset: a row for each version and who measured it."""

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

# Of a dataset so many measurements are looked at, the newest; so many datasets are listed.
MOST_MEASUREMENTS, _MOST_DATASETS = 5_000, 500
_CHUNK = 500
# What a table can be sorted by, beside `metric:NAME`.
SIZE, SPEED, MODEL = "size", "speed", "model"
METRIC = "metric:"


@dataclasses.dataclass(frozen=True)
class MeasuredDataset:
    """A dataset that models were measured on, for a task; and how many versions were."""

    task: str
    dataset: str
    versions: int


@dataclasses.dataclass(frozen=True)
class MeasuredVersion:
    """What one publisher measured of one version.

    Attributes:
      handle: of the version.
      publisher: who measured.
      task: what was solved.
      figures: by metric.
      size: bytes of its download; None when the files are not here.
    """

    handle: str
    publisher: str
    task: str
    figures: dict[str, Figures]
    size: int | None

    @property
    def fastest(self) -> Figures | None:
        """The figures with the most examples a second."""
        timed = [one for one in self.figures.values() if one.examples_per_second is not None]
        return max(timed, key=lambda one: one.examples_per_second or 0.0, default=None)

    @property
    def by_others(self) -> bool:
        """Whether another publisher than that of the model measured."""
        return self.publisher != self.handle.partition("/")[0]


@dataclasses.dataclass(frozen=True)
class MeasuredTable:
    """The rows of a dataset.

    Attributes:
      rows: a version and who measured it.
      metrics: by name, whether a larger value is a better one.
      is_cut: whether there are more measurements than were looked at.
    """

    rows: tuple[MeasuredVersion, ...]
    metrics: dict[str, bool]
    is_cut: bool = False

    @property
    def orders(self) -> tuple[str, ...]:
        """What it can be sorted by."""
        return (*(METRIC + name for name in self.metrics), SPEED, SIZE, MODEL)

    def sorted_by(self, order: str, reverse: bool = False) -> MeasuredTable:
        """The same rows, the best first, or the worst; those without a value are last."""

        def rank(row: MeasuredVersion) -> tuple[bool, float, str]:
            value = self._cost(row, order)
            return math.isnan(value), -value if reverse else value, row.handle

        rows = sorted(self.rows, key=rank)
        if order == MODEL and reverse:
            rows.reverse()
        return dataclasses.replace(self, rows=tuple(rows))

    def _cost(self, row: MeasuredVersion, order: str) -> float:
        """What is least for the best row; NaN without a value."""
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


# The publisher who measured, beside that of the model.
_who = publishers.alias("who")
_of_versions = (
    measurements.join(versions, measurements.c.version_id == versions.c.id)
    .join(models, versions.c.model_id == models.c.id)
    .join(publishers, models.c.publisher_id == publishers.c.id)
    .join(_who, measurements.c.publisher_id == _who.c.id)
)


def _readable(audience: Audience) -> sa.ColumnElement[bool]:
    """What readers of both publishers may see, of versions that are not withdrawn."""
    return sa.and_(versions.c.state == VISIBLE, audience.condition(), audience.condition(_who))


def list_datasets(connection: sa.Connection, audience: Audience, task: str = "") -> list[MeasuredDataset]:
    """The datasets that models were measured on, by task; of one task where that is given."""
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
    """What was measured on a dataset, for one task where that is given: the `most` newest measurements."""
    query = (
        sa.select(versions.c.id, models.c.handle, versions.c.number, _who.c.name, *FIGURES)
        .select_from(_of_versions)
        .where(measurements.c.dataset == dataset, _readable(audience))
        .order_by(measurements.c.measured_at.desc(), measurements.c.id)
        .limit(most + 1)
    )
    if task:
        query = query.where(measurements.c.task == task)
    found: dict[tuple[int, str, str, str], dict[str, Figures]] = {}
    measured = connection.execute(query).all()
    for version_id, handle, number, who, *values in measured[:most]:
        figures = Figures(*values)
        key = (version_id, f"{handle}/{number}", who, figures.task)
        found.setdefault(key, {})[figures.metric] = figures
    sizes = _download_sizes(connection, [key[0] for key in found])
    rows = tuple(
        MeasuredVersion(handle, who, of_task, figures, sizes.get(version_id))
        for (version_id, handle, who, of_task), figures in found.items()
    )
    every = [figures for row in rows for figures in row.figures.values()]
    metrics = {one.metric: one.higher_is_better for one in sorted(every, key=_by_metric)}
    return MeasuredTable(rows, metrics, is_cut=len(measured) > most)


def _by_metric(figures: Figures) -> str:
    return figures.metric


def _download_sizes(connection: sa.Connection, version_ids: Sequence[int]) -> dict[int, int]:
    """Version → bytes of the archive of its first deployment."""
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
