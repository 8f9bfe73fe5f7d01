"""Holds what all endpoints use: the settings, the catalogue and the store of a hub."""

from __future__ import annotations

import dataclasses

from starlette.requests import Request

from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.migrate import migrate
from tensorflow_hub.server.core.download_counter import DownloadCounter
from tensorflow_hub.server.core.last_use import LastUses
from tensorflow_hub.server.core.limits import Limits
from tensorflow_hub.server.core.metrics import Metrics
from tensorflow_hub.server.search.follow import AudienceIndexes
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.store.interface import Store
from tensorflow_hub.server.store.opening import open_store


@dataclasses.dataclass(frozen=True)
class Hub:
    """A hub in one process. Other processes may serve the same catalogue and store."""

    settings: ServerSettings
    database: Database
    store: Store
    metrics: Metrics
    limits: Limits
    downloads: DownloadCounter
    last_uses: LastUses
    search: AudienceIndexes


def open_hub(settings: ServerSettings) -> Hub:
    """Opens the catalogue and the store of the settings; migrates the catalogue if it is older."""
    folder = settings.data_folder()
    if not settings.database or not settings.store:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(database_url(settings.database, folder))
    migrate(database)
    search = AudienceIndexes(database, folder / "search")
    return Hub(
        settings,
        database,
        open_store(settings),
        Metrics(),
        Limits(settings, database),
        DownloadCounter(),
        LastUses(),
        search,
    )


def hub_of(request: Request) -> Hub:
    """Returns the hub that serves a request."""
    hub: Hub = request.app.state.hub
    return hub
