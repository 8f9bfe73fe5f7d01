"""tfhub.dev, and other places that have its models.

tfhub.dev redirects to Kaggle, to which its models were moved in 2023. On some days the storage refuses the
URLs of these redirects. So these places are asked, in this order:

1. tfhub.dev itself, whose redirects say where a model is;
2. Kaggle, by the name in that redirect, or by the table (`services/tfhub_moves.py`);
3. the bucket that tfhub.dev had its archives in;
4. the archive that the publisher named in the documentation of the model.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import urllib.parse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tensorflow_hub.errors import (
    ForbiddenError,
    HandleError,
    HubError,
    NotFoundError,
)
from tensorflow_hub.resolving.mirrors import mirrors_of
from tensorflow_hub.resolving.sources.hub import Hub, with_format
from tensorflow_hub.resolving.sources.kaggle_folders import folders_of
from tensorflow_hub.resolving.sources.source import FAILURES, About, Candidate, Failure, Location, Source
from tensorflow_hub.resolving.sources.tfhub_dev_problems import (
    advice_for_unknown,
    error_of_all,
    error_of_page,
    require_saved_model,
)
from tensorflow_hub.resolving.transfer.offers import Archive, FileList, Offer, Referral, RemoteFile
from tensorflow_hub.services.kaggle import KaggleHandle, is_kaggle
from tensorflow_hub.services.settings import ServiceSettings
from tensorflow_hub.services.tfhub_dev import CHINA, TfhubDevHandle
from tensorflow_hub.services.tfhub_moves import (
    DELETED_ON,
    Move,
    move_of,
    moves_of,
    publisher_archive,
)

if TYPE_CHECKING:
    import requests

    from tensorflow_hub.network.session import HubSession
    from tensorflow_hub.resolving.sources.kaggle_protocol import KaggleProtocol

_log = logging.getLogger("tensorflow_hub")

_BUCKET = "https://storage.googleapis.com/tfhub-modules"
_CHINESE_BUCKET = "https://gcs.tensorflow.google.cn/tfhub-modules"
_HEADERS = {"Accept": "application/gzip, */*;q=0.1", "Accept-Encoding": "identity"}
_TFLITE = b"TFL3"  # at byte 4 of a TensorFlow Lite file


@dataclasses.dataclass(frozen=True)
class TfhubDevLocation(Location):
    """A model of tfhub.dev.

    Attributes:
      model: its name and deployment.
      in_china: whether the handle has the host of tfhub.dev in China.
    """

    model: TfhubDevHandle = dataclasses.field(kw_only=True)
    in_china: bool = False


class TfhubDev(Source[TfhubDevLocation]):
    """Takes the handles of tfhub.dev."""

    def parse(self, handle: str) -> TfhubDevLocation:  # noqa: D102
        model = TfhubDevHandle.parse(handle)
        in_china = (urllib.parse.urlsplit(handle).hostname or "") == CHINA
        fixed = model.name.version is not None
        return TfhubDevLocation(handle, str(model), fixed, model.page, model=model, in_china=in_china)

    def candidates(self, location: TfhubDevLocation, session: HubSession) -> Iterable[Candidate]:  # noqa: D102
        model, redirect = location.model, _Redirect(location.model)
        tfhub_dev = Candidate(model.page, lambda: self._open(location, session, redirect))
        if model.framework:
            yield tfhub_dev
            if redirect.kaggle:
                place = redirect.kaggle
                yield Candidate(str(place), lambda: _kaggle(session).offer(place))
            return
        if location.in_china:
            yield self._archive(f"{_CHINESE_BUCKET}/{model.name}.tar.gz", model, session)
        move = move_of(model.name)
        yield _deleted(model) if move and move.kaggle is None else tfhub_dev
        if redirect.kaggle:
            yield _referral(redirect.kaggle, "")
        elif move and move.kaggle:
            yield _referral(move.kaggle, _warning_of(move))
        yield self._archive(f"{_BUCKET}/{model.name}.tar.gz", model, session)
        archive = publisher_archive(model.name)
        if archive:
            warning = f"{model.page} is taken from its publisher: {archive}"
            yield self._archive(archive, model, session, warning)

    def latest(self, location: TfhubDevLocation, session: HubSession) -> str | None:
        """The last version that tfhub.dev had. There will be no new ones."""
        documented = moves_of(location.model.name)
        return str(documented[-1].name.version) if documented else None

    def at_version(self, location: TfhubDevLocation, version: str) -> TfhubDevLocation:  # noqa: D102
        model = location.model.with_version(int(version))
        return dataclasses.replace(location, name=str(model), is_fixed=True, page=model.page, model=model)

    def folders(self, location: TfhubDevLocation) -> Iterable[str]:
        """The folders of `kagglehub` for the model, if its place on Kaggle is known and not only inferred."""
        move = move_of(location.model.name)
        if move and move.kaggle and not move.evidence.is_inferred and not location.model.framework:
            yield from folders_of(move.kaggle, ServiceSettings.from_environment())

    def error_of(self, response: requests.Response, location: TfhubDevLocation) -> HubError | None:  # noqa: D102
        host, status = urllib.parse.urlsplit(response.url).hostname, response.status_code
        if status in {404, 410}:
            return NotFoundError(f"It is not there ({status}).", hint=advice_for_unknown(location.model))
        if status in {400, 401, 403}:
            return ForbiddenError(f"{host} refuses ({status}).", hint="Try again later.")
        return None

    def explain(self, location: TfhubDevLocation, failures: Sequence[Failure]) -> HubError:  # noqa: D102
        return error_of_all(location.handle, location.model, failures)

    def about(self, location: TfhubDevLocation, session: HubSession) -> About:
        """The description on Kaggle, if the model was moved there."""
        documented = moves_of(location.model.name)
        versions = tuple(str(move.name.version) for move in documented)
        plain = About(title=location.name, page=location.page, versions=versions)
        move = move_of(location.model.name) or next(reversed(documented), None)
        if move is None or move.kaggle is None:
            return plain
        with contextlib.suppress(*FAILURES):
            found = _kaggle(session).about(move.kaggle)
            return dataclasses.replace(found, title=location.name, versions=versions)
        return plain

    def _open(self, location: TfhubDevLocation, session: HubSession, redirect: _Redirect) -> Offer:
        """The offer of tfhub.dev."""
        from tensorflow_hub.network.answers import is_web_page

        model = location.model
        url = f"{ServiceSettings.from_environment().tfhub_dev}/{model.name}"
        if self.settings.load_format == "UNCOMPRESSED" and not model.framework:
            return Hub(self.settings).open(dataclasses.replace(location, name=url), session)
        url = f"{url}?{model.query}" if model.framework else with_format(url, "compressed")
        response = _ask(url, session, hooks={"response": redirect.note})
        if redirect.other:
            response.close()
            raise NotFoundError(
                f"It leads to {redirect.other}, which is no model of {model.framework}.",
                hint=f"Look at {model.page}.",
            )
        if is_web_page(response):
            response.close()
            raise error_of_page(response.url, model)
        if model.framework:
            return _single_file_or_archive(response, session)
        return Archive(response, unwrap=True, check=functools.partial(require_saved_model, model))

    def _archive(self, url: str, model: TfhubDevHandle, session: HubSession, warning: str = "") -> Candidate:
        """An archive at a fixed URL, or at the mirror of that URL in TFHUB_MIRRORS."""
        url = next(iter(mirrors_of(url, self.settings)), url)

        def open_archive() -> Offer:
            try:
                response = _ask(url, session)
            except ForbiddenError as problem:  # the answer of a bucket that shows nobody what it has
                raise NotFoundError(
                    f"It is not there, or not public. {problem.problem}", hint="Check the spelling."
                ) from problem
            if warning:
                _log.warning("%s", warning)
            return Archive(response, unwrap=True, check=functools.partial(require_saved_model, model))

        return Candidate(url, open_archive)


class _Redirect:
    """The model on Kaggle that the redirects of tfhub.dev name, also if the last of them fails.

    Attributes:
      kaggle: the model; None without one.
      other: a model of another framework than the handle asks for.
    """

    def __init__(self, model: TfhubDevHandle) -> None:
        self.kaggle: KaggleHandle | None = None
        self.other: KaggleHandle | None = None
        self._framework = model.framework

    def note(self, response: requests.Response, **options: Any) -> None:
        """Called with each answer of the redirects."""
        target = urllib.parse.urljoin(response.url, response.headers.get("Location", ""))
        if is_kaggle(target, endpoint=ServiceSettings.from_environment().kaggle):
            with contextlib.suppress(HandleError):
                found = KaggleHandle.parse(target, any_framework=bool(self._framework))
                if self._framework and found.framework != self._framework:
                    self.other = found
                else:
                    self.kaggle = found


def _kaggle(session: HubSession) -> KaggleProtocol:
    from tensorflow_hub.resolving.sources.kaggle_protocol import KaggleProtocol

    return KaggleProtocol(session, ServiceSettings.from_environment())


def _deleted(model: TfhubDevHandle) -> Candidate:
    def refuse() -> Offer:
        raise NotFoundError(f"Google deleted it on {DELETED_ON}.", hint=f"Look at {model.page}.")

    return Candidate(model.page, refuse)


def _referral(place: KaggleHandle, warning: str) -> Candidate:
    return Candidate(str(place), lambda: Referral(str(place), warning))


def _warning_of(move: Move) -> str:
    if not move.evidence.is_inferred:
        return ""
    return (
        f"https://tfhub.dev/{move.name} is taken from {move.kaggle}: that this is the same model is inferred "
        "from where models like it went. Compare what it computes before you rely on it."
    )


def _ask(url: str, session: HubSession, **options: Any) -> requests.Response:
    """Asks a place for a short time only, because other places follow."""
    retries = min(1, session.policy.retries)
    policy = dataclasses.replace(session.policy, retries=retries, connect_retries=retries)
    return session.request("GET", url, headers=_HEADERS, stream=True, policy=policy, **options)


def _single_file_or_archive(response: requests.Response, session: HubSession) -> Offer:
    """The offer for an answer: a single file for TensorFlow Lite, if it is not packed; else an archive."""
    from tensorflow_hub.network.answers import error_of_failure
    from tensorflow_hub.network.body import READ_FAILURES

    url, length = response.url, response.headers.get("Content-Length", "")
    try:
        beginning = response.raw.read(8, decode_content=False)
    except READ_FAILURES as failure:
        raise error_of_failure(failure, url) from failure
    finally:
        response.close()
    if beginning[4:] == _TFLITE and length.isdecimal():
        return FileList((RemoteFile("model.tflite", int(length), url),))
    return Archive(_ask(url, session), unwrap=True)
