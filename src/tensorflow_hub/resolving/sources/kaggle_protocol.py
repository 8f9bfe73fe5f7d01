"""The protocol of Kaggle in both of its versions: requests, and the meaning of errors.

The older version is REST (`GET /api/v1/models/{owner}/{model}/{framework}/{variation}/…`), which `kagglehub`
used up to 0.3. The newer one is RPC (`POST https://api.kaggle.com/v1/models.ModelApiService/…`), which it
uses since 0.4. Both redirect to signed URLs of a storage. The older version is used first, because its
downloads are GET requests, which can be repeated. If it answers "not found", the newer version is used.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import requests

from tensorflow_hub.errors import (
    AuthenticationError,
    DownloadError,
    ForbiddenError,
    HubError,
    LimitError,
    NotFoundError,
    RequestError,
)
from tensorflow_hub.network.answers import receive_beginning
from tensorflow_hub.network.credentials import host_of
from tensorflow_hub.network.foreign_text import inert, one_line
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.resolving.sources.listing import module_files, require_graph
from tensorflow_hub.resolving.sources.source import About
from tensorflow_hub.resolving.transfer.offers import Archive, FileList, Offer, RemoteFile
from tensorflow_hub.services.kaggle import SAVED_MODEL_FRAMEWORKS, KaggleHandle
from tensorflow_hub.services.settings import ServiceSettings

T = TypeVar("T")

_MOST_SINGLE_FILES = 25  # as in kagglehub; more files are downloaded as one archive
_LARGEST_REFUSAL = 1 << 20  # bytes
_TOKENS = "https://www.kaggle.com/settings"


class KaggleProtocol:
    """The requests to Kaggle, over one session."""

    def __init__(self, session: HubSession, services: ServiceSettings) -> None:
        self._session, self._services = session, services

    def offer(self, model: KaggleHandle) -> Offer:
        """The list of files of a version or, if there are many, its archive.

        Raises:
          NotFoundError: there is no such version, or it has no SavedModel. The message says what there is.
          ForbiddenError: the user has to accept terms of use, or the model is private.
        """
        found = self._by_either(model, self._files_or_archive, self._call_for_archive)
        if isinstance(found, Archive):
            return found
        if model.framework not in SAVED_MODEL_FRAMEWORKS:
            return FileList(found)
        return module_files(found, model.page)

    def latest_version(self, model: KaggleHandle) -> int:
        """The latest version of a variation.

        Raises:
          NotFoundError: there is no such variation.
        """
        version = self._instance(model).get("versionNumber")
        if not isinstance(version, int) or version < 1:
            raise DownloadError(
                f"Expected the latest version of {str(model)!r} from Kaggle, got {version!r:.100}.",
                hint=f"Name a version: {str(model)!r} and /1.",
            )
        return version

    def about(self, model: KaggleHandle) -> About:
        """The description of a variation, for `tfhub show` and mirrors."""
        found = self._instance(model)
        latest = found.get("versionNumber")
        if isinstance(latest, int) and (model.version or 0) > latest:
            raise self._not_found(model)
        versions = range(1, latest + 1) if isinstance(latest, int) and latest < 10_000 else ()
        return About(
            title=str(model),
            description=inert(str(found.get("overview") or "")),
            license=inert(str(found.get("licenseName") or "")),
            page=model.page,
            versions=tuple(map(str, versions)),
        )

    def _files_or_archive(self, model: KaggleHandle) -> tuple[RemoteFile, ...] | Archive:
        base = f"{self._models}/{model.path}"
        listed = self._get(f"{base}/files?page_size={_MOST_SINGLE_FILES}", model)
        files = listed.get("files")
        if isinstance(files, list) and files and not listed.get("nextPageToken"):
            return tuple(_remote_file(base, file, model) for file in files)
        headers = {"Accept-Encoding": "identity"}
        response = self._session.request("GET", f"{base}/download", headers=headers, stream=True)
        return _archive(response, model)

    def _call_for_archive(self, model: KaggleHandle) -> Archive:
        body = {**_named(model), "versionNumber": model.version}
        response = self._call("DownloadModelInstanceVersion", body, stream=True)
        return _archive(response, model)

    def _instance(self, model: KaggleHandle) -> Mapping[str, Any]:
        """The JSON object of a variation."""
        name = model.with_version(None).path
        return self._by_either(
            model,
            lambda model: self._get(f"{self._models}/{name}/get", model),
            lambda model: _read(self._call("GetModelInstance", _named(model)), model),
        )

    def _by_either(self, model: KaggleHandle, *ways: Callable[[KaggleHandle], T]) -> T:
        """The answer of the first version of the protocol that does not say "not found"."""
        for way in ways:
            with contextlib.suppress(NotFoundError):
                return way(model)
        raise self._not_found(model)

    def _not_found(self, model: KaggleHandle) -> NotFoundError:
        """The error for a missing version or variation. It lists the existing ones."""
        try:
            found = self._get(f"{self._models}/{model.owner}/{model.model}/get", model)
            known = [
                f"{model.owner}/{model.model}/{item['framework']}/{item['slug']}/{item['versionNumber']}"
                for item in found["instances"]
            ]
        except (HubError, KeyError, TypeError):
            return NotFoundError(
                f"There is no model {model.owner}/{model.model} on Kaggle that everybody may see ({model}).",
                hint=f"Open {model.page}; for a private one set KAGGLE_API_TOKEN.",
            )
        return NotFoundError(
            f"There is no {str(model)!r} on Kaggle. The model has {one_line(', '.join(known), 600)}.",
            hint="The last number of each is its latest version.",
        )

    @property
    def _models(self) -> str:
        return f"{self._services.kaggle}/api/v1/models"

    def _get(self, url: str, model: KaggleHandle) -> Mapping[str, Any]:
        return _read(self._session.request("GET", url), model)

    def _call(self, method: str, body: Mapping[str, Any], **options: Any) -> requests.Response:
        url = f"{self._services.kaggle_calls}/models.ModelApiService/{method}"
        headers = {"Accept-Encoding": "identity"}
        return self._session.request("POST", url, json=body, headers=headers, **options)


def refusal(response: requests.Response, model: KaggleHandle) -> HubError | None:
    """The error for an answer of Kaggle or its storage; None if the status has its usual meaning.

    Args:
      response: the answer.
      model: the name of the model.
    """
    services = ServiceSettings.from_environment()
    if host_of(response.url) not in {host_of(services.kaggle), host_of(services.kaggle_calls)}:
        return _refusal_of_storage(response, model)
    status, message = response.status_code, ""
    if status == 403 or (status == 200 and "json" in response.headers.get("Content-Type", "").lower()):
        receive_beginning(response, _LARGEST_REFUSAL)
        message = _message(response.content)
        status = _status_in(response.content) if status == 200 else status
    return _refusal(status, message, model)


def _refusal(status: int, message: str, model: KaggleHandle) -> HubError | None:
    if status == 401:
        return AuthenticationError(
            f"Kaggle does not know the token that was sent for {str(model)!r}, or wants one.",
            hint=f"Make one on {_TOKENS} and set KAGGLE_API_TOKEN. Public models need none.",
        )
    if status == 403 and "consent" in message.lower():
        return ForbiddenError(
            f"The terms of use of {str(model)!r} have to be accepted first.",
            hint=f"Accept them on {model.page}, then set KAGGLE_API_TOKEN (made on {_TOKENS}).",
        )
    if status == 403:
        return ForbiddenError(
            f"Kaggle does not let you have {str(model)!r}: it is private, or there is no such model.",
            hint=f"Open {model.page}. If you may see it there, set KAGGLE_API_TOKEN (made on {_TOKENS}).",
        )
    if status in {404, 405, 410}:
        return NotFoundError(f"There is no {str(model)!r} on Kaggle.", hint=f"Open {model.page}.")
    if status == 429:
        return LimitError(
            f"Kaggle asks to slow down, for {str(model)!r}.",
            hint="Try again later; with a token in KAGGLE_API_TOKEN it allows more.",
        )
    return None


def _refusal_of_storage(response: requests.Response, model: KaggleHandle) -> HubError | None:
    if response.status_code not in {400, 403}:
        return None
    reason = "ExpiredToken" if response.status_code == 400 else "SignatureDoesNotMatch"
    return ForbiddenError(
        f"The storage refuses the address that Kaggle gave for {str(model)!r} ({response.status_code}, "
        f"mostly {reason}): it is a stale one.",
        hint=f"Try again later, or download it by hand on {model.page}.",
    )


def _archive(response: requests.Response, model: KaggleHandle) -> Archive:
    """The offer for an answer with an archive.

    An error may have the status 200 and name its real status in the body.

    Raises:
      NotFoundError, …: the error for the status in the body.
    """
    if "json" in response.headers.get("Content-Type", "").lower():
        receive_beginning(response, _LARGEST_REFUSAL)
        found = _read(response, model)
        raise DownloadError(
            f"Expected an archive of {str(model)!r}, got {one_line(str(found), 200)}.",
            hint="Try again later.",
        )
    if model.framework not in SAVED_MODEL_FRAMEWORKS:
        return Archive(response, unwrap=True)
    return Archive(response, unwrap=True, check=functools.partial(require_graph, page=model.page))


def _read(response: requests.Response, model: KaggleHandle) -> Mapping[str, Any]:
    """The JSON object of an answer, if it is not an error with the status 200."""
    try:
        found = json.loads(response.content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DownloadError(
            f"Expected an answer in JSON from {host_of(response.url)}, got something else.",
            hint="Check KAGGLE_API_ENDPOINT, or try again later.",
        )
    status = found.get("code")
    if isinstance(status, int) and status >= 400:
        message = _message(response.content)
        raise _refusal(status, message, model) or RequestError(
            f"Kaggle refuses {str(model)!r} with {status}: {message}.", hint="Try again later."
        )
    return found


def _status_in(content: bytes) -> int:
    """The status that the body of an error names; 200 if it names none."""
    try:
        return int(json.loads(content)["code"])
    except (ValueError, KeyError, TypeError):
        return 200


def _message(content: bytes) -> str:
    """The message of an error, shortened to one line."""
    try:
        found = json.loads(content)
        return one_line(str(found.get("message") or found["error"]["message"]), 200).rstrip(".")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _remote_file(base: str, file: Any, model: KaggleHandle) -> RemoteFile:
    name, size = (file.get("name"), file.get("size")) if isinstance(file, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(size, int) or size < 0:
        raise DownloadError(
            f"Expected a list of files with names and sizes for {str(model)!r}, got {file!r:.200}.",
            hint="Try again later.",
        )
    return RemoteFile(name, size, f"{base}/download/{urllib.parse.quote(name)}")


def _named(model: KaggleHandle) -> dict[str, Any]:
    """The fields of a variation in RPC calls, with its framework as MODEL_FRAMEWORK_TENSOR_FLOW_2."""
    framework = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", model.framework).upper()
    return {
        "ownerSlug": model.owner,
        "modelSlug": model.model,
        "framework": f"MODEL_FRAMEWORK_{framework}",
        "instanceSlug": model.variation,
    }
