"""Kaggle Models: `kaggle://owner/model/framework/variation[/version]`, and the URLs of its pages."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tensorflow_hub.errors import HubError, UnreachableError
from tensorflow_hub.handles import names_archive
from tensorflow_hub.resolving.sources.kaggle_folders import folders_of
from tensorflow_hub.resolving.sources.source import About, Location, Source
from tensorflow_hub.resolving.transfer.offers import Offer
from tensorflow_hub.services.kaggle import KaggleHandle, is_kaggle
from tensorflow_hub.services.settings import ServiceSettings

if TYPE_CHECKING:
    import requests

    from tensorflow_hub.network.session import HubSession
    from tensorflow_hub.resolving.sources.kaggle_protocol import KaggleProtocol

_log = logging.getLogger("tensorflow_hub")


@dataclasses.dataclass(frozen=True)
class KaggleLocation(Location):
    """A model on Kaggle.

    Attributes:
      model: its name.
    """

    model: KaggleHandle = dataclasses.field(kw_only=True)


class Kaggle(Source[KaggleLocation]):
    """Takes `kaggle://…` and the URLs of models on kaggle.com.

    A version with up to 25 files is downloaded as single files, as Kaggle's own client does; else as an
    archive.
    """

    def parse(self, handle: str) -> KaggleLocation | None:  # noqa: D102
        if names_archive(handle) or not is_kaggle(handle, endpoint=ServiceSettings.from_environment().kaggle):
            return None  # another URL of that host: an archive, or a download link
        return _location(handle, KaggleHandle.parse(handle))

    def open(self, location: KaggleLocation, session: HubSession) -> Offer:  # noqa: D102
        return _protocol(session).offer(location.model)

    def latest(self, location: KaggleLocation, session: HubSession) -> str | None:  # noqa: D102
        try:
            return str(_protocol(session).latest_version(location.model))
        except UnreachableError as problem:
            if not any(self.folders(location)):
                raise
            _log.warning("%s Using the latest version that kagglehub has downloaded.", problem.problem)
            return None

    def at_version(self, location: KaggleLocation, version: str) -> KaggleLocation:  # noqa: D102
        return _location(location.handle, location.model.with_version(int(version)))

    def folders(self, location: KaggleLocation) -> Iterable[str]:  # noqa: D102
        return folders_of(location.model, ServiceSettings.from_environment())

    def error_of(self, response: requests.Response, location: KaggleLocation) -> HubError | None:  # noqa: D102
        from tensorflow_hub.resolving.sources.kaggle_protocol import refusal

        return refusal(response, location.model)

    def about(self, location: KaggleLocation, session: HubSession) -> About:  # noqa: D102
        return _protocol(session).about(location.model)


def _location(handle: str, model: KaggleHandle) -> KaggleLocation:
    return KaggleLocation(handle, str(model), model.version is not None, model.page, model=model)


def _protocol(session: HubSession) -> KaggleProtocol:
    from tensorflow_hub.resolving.sources.kaggle_protocol import KaggleProtocol

    return KaggleProtocol(session, ServiceSettings.from_environment())
