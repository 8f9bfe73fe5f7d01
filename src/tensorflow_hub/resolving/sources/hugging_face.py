"""Hugging Face: `hf://owner/repository[@revision][/folder]`, and the URLs of its pages.

A branch or a tag is replaced by its commit, whose files never change. The module is cached under the commit.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import os
import re
import urllib.parse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tensorflow_hub.errors import (
    AuthenticationError,
    DownloadError,
    ForbiddenError,
    HubError,
    NotFoundError,
    OfflineError,
    UnreachableError,
)
from tensorflow_hub.handles import names_archive
from tensorflow_hub.network.credentials import host_of
from tensorflow_hub.resolving.sources.listing import module_files, require_graph
from tensorflow_hub.resolving.sources.source import About, Location, Source
from tensorflow_hub.resolving.transfer.offers import Archive, FileList, RemoteFile
from tensorflow_hub.services.hugging_face import SCHEME, HuggingFaceHandle, is_hugging_face
from tensorflow_hub.services.settings import ServiceSettings

if TYPE_CHECKING:
    import requests

    from tensorflow_hub.network.session import HubSession

_log = logging.getLogger("tensorflow_hub")

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TOKENS = "https://huggingface.co/settings/tokens"
_LARGEST_PAGE = 16 << 20  # bytes of a page of the list of files
_MOST_PAGES = 1000  # with 1,000 entries each


@dataclasses.dataclass(frozen=True)
class HuggingFaceLocation(Location):
    """A folder of a repository on Hugging Face.

    Attributes:
      place: its name.
    """

    place: HuggingFaceHandle = dataclasses.field(kw_only=True)


class HuggingFace(Source[HuggingFaceLocation]):
    """Takes `hf://…` and the URLs of models on huggingface.co."""

    def parse(self, handle: str) -> HuggingFaceLocation | None:  # noqa: D102
        endpoint = ServiceSettings.from_environment().hugging_face
        is_url = not handle.lower().startswith(SCHEME)
        if (is_url and names_archive(handle)) or not is_hugging_face(handle, endpoint=endpoint):
            return None  # the URL of an archive on that host
        return _location(handle, HuggingFaceHandle.parse(handle))

    def open(self, location: HuggingFaceLocation, session: HubSession) -> FileList | Archive:  # noqa: D102
        place = location.place
        if names_archive(place.folder):
            return self._archive(place, session)
        try:
            files = self._files(place, session)
        except NotFoundError:
            if not place.folder:
                raise
            files = []  # there is no such folder; the error lists the others
        if not files:
            files = self._files(dataclasses.replace(place, folder=""), session)
        return module_files(
            files,
            place.page,
            place.folder,
            only_known=True,
            handle_of=lambda path: str(dataclasses.replace(place, folder=path)),
        )

    def _archive(self, place: HuggingFaceHandle, session: HubSession) -> Archive:
        """The offer for an archive in the repository, with the digest that the list of files has."""
        beside = dataclasses.replace(place, folder=place.folder.rpartition("/")[0])
        found = next((file for file in self._files(beside, session) if file.path == place.folder), None)
        if found is None:
            raise NotFoundError(
                f"There is no archive {place.folder!r:.200} in the repository {place.repository_id!r} on "
                "Hugging Face.",
                hint=f"Look at {beside.page}.",
            )
        headers = {"Accept-Encoding": "identity"}
        response = session.request("GET", found.url, headers=headers, stream=True)
        check = functools.partial(require_graph, page=place.page)
        return Archive(response, unwrap=True, checksums=found.checksums, check=check)

    def latest(self, location: HuggingFaceLocation, session: HubSession) -> str | None:  # noqa: D102
        services = ServiceSettings.from_environment()
        if services.hugging_face_offline:
            return None
        try:
            return self._commit(location.place, session)
        except UnreachableError as problem:
            if not any(self.folders(location)):
                raise
            _log.warning("%s Using the commit that huggingface_hub has downloaded.", problem.problem)
            return None

    def at_version(self, location: HuggingFaceLocation, version: str) -> HuggingFaceLocation:  # noqa: D102
        return _location(location.handle, location.place.at_commit(version))

    def folders(self, location: HuggingFaceLocation) -> Iterable[str]:  # noqa: D102
        place = location.place
        models = ServiceSettings.from_environment().hugging_face_models
        base = os.path.join(models, f"models--{place.owner}--{place.repository}")
        commit = place.revision
        if not place.is_commit:
            commit = _read_commit(os.path.join(base, "refs", *(place.revision or "main").split("/")))
        if commit:
            yield os.path.join(base, "snapshots", commit, *filter(None, place.folder.split("/")))

    def error_of(self, response: requests.Response, location: HuggingFaceLocation) -> HubError | None:  # noqa: D102
        if host_of(response.url) != host_of(ServiceSettings.from_environment().hugging_face):
            return _refusal_of_cdn(response, location.place)
        place, code = location.place, response.headers.get("X-Error-Code", "")
        if code == "GatedRepo":
            return ForbiddenError(
                f"The terms of use of {place.repository_id!r} on Hugging Face have to be accepted first.",
                hint=f"Accept them on https://huggingface.co/{place.repository_id}, then set HF_TOKEN "
                f"(made on {_TOKENS}).",
            )
        if code == "RevisionNotFound":
            return NotFoundError(
                f"There is no branch, tag or commit {place.revision or 'main'!r} in the repository "
                f"{place.repository_id!r} on Hugging Face.",
                hint=f"Look at {place.page}.",
            )
        if code == "EntryNotFound":
            return NotFoundError(
                f"There is no such file or folder in {str(place)!r}.", hint=f"Look at {place.page}."
            )
        given = "Authorization" in response.request.headers
        if response.status_code == 401 and given and not code:
            return AuthenticationError(
                "Hugging Face does not know the token that was sent.",
                hint=f"Make a new one on {_TOKENS} and set HF_TOKEN; or remove it: public models need none.",
            )
        if code == "RepoNotFound" or response.status_code in {401, 404}:
            return NotFoundError(
                f"The repository {place.repository_id!r} on Hugging Face does not exist, or is private.",
                hint="Check the spelling."
                if given
                else f"Check the spelling; for a private one set HF_TOKEN (made on {_TOKENS}).",
            )
        return None

    def about(self, location: HuggingFaceLocation, session: HubSession) -> About:  # noqa: D102
        from tensorflow_hub.network.foreign_text import inert

        found = _read_json(self._ask(_revision_url(location.place), session))
        card = found.get("cardData") if isinstance(found, dict) else None
        license_name = str(card.get("license") or "") if isinstance(card, dict) else ""
        description = ""
        with contextlib.suppress(NotFoundError):
            readme = self._ask(f"{_files_url(location.place)}/README.md", session).content
            # The front matter is for Hugging Face's search.
            description = re.sub(r"\A---\n.*?\n---\n", "", readme.decode("utf-8", "replace"), flags=re.DOTALL)
        return About(location.name, inert(description), inert(license_name), location.page)

    def _commit(self, place: HuggingFaceHandle, session: HubSession) -> str:
        """The commit of a revision."""
        response = self._ask(_revision_url(place), session)
        found = _read_json(response)
        commit = found.get("sha") if isinstance(found, dict) else None
        if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
            raise DownloadError(
                f"Expected the commit of {str(place)!r} from Hugging Face, got {commit!r:.100}.",
                hint="Check HF_ENDPOINT, or try again later.",
            )
        return commit

    def _files(self, place: HuggingFaceHandle, session: HubSession) -> list[RemoteFile]:
        """All files below a folder, from all pages of the list."""
        endpoint, base = ServiceSettings.from_environment().hugging_face, _files_url(place)
        tree = f"tree/{_quoted_revision(place)}/{urllib.parse.quote(place.folder)}".rstrip("/")
        url = f"{endpoint}/api/models/{place.repository_id}/{tree}?recursive=true&expand=false"
        files: list[RemoteFile] = []
        for _ in range(_MOST_PAGES):
            response = self._ask(url, session)
            found = _read_json(response)
            if not isinstance(found, list):
                found = [found]
            files += [_remote_file(base, item) for item in found if not _is_folder(item)]
            url = _next_page(response, endpoint)
            if not url or len(files) > self.settings.max_files:
                break
        if url or len(files) > self.settings.max_files:
            raise DownloadError(
                f"Expected at most {self.settings.max_files:,} files in {place}, got more.",
                hint="Name the folder of the module in the handle; TFHUB_MAX_FILES allows more.",
            )
        return files

    def _ask(self, url: str, session: HubSession) -> requests.Response:
        if ServiceSettings.from_environment().hugging_face_offline:
            raise OfflineError(
                "Asking Hugging Face needs the network, which HF_HUB_OFFLINE forbids.",
                hint="Unset HF_HUB_OFFLINE.",
            )
        return session.request("GET", url, largest=_LARGEST_PAGE)


def _location(handle: str, place: HuggingFaceHandle) -> HuggingFaceLocation:
    return HuggingFaceLocation(handle, str(place), place.is_commit, place.page, place=place)


def _refusal_of_cdn(response: requests.Response, place: HuggingFaceHandle) -> HubError | None:
    """The error for an answer of the servers with large files; None if the status has its usual meaning."""
    if response.status_code not in {400, 403}:
        return None
    return ForbiddenError(
        f"{host_of(response.url)} refuses the address that Hugging Face gave for {str(place)!r} "
        f"({response.status_code}): it is a stale one.",
        hint=f"Try again later, or download it by hand on {place.page}.",
    )


def _revision_url(place: HuggingFaceHandle) -> str:
    endpoint = ServiceSettings.from_environment().hugging_face
    return f"{endpoint}/api/models/{place.repository_id}/revision/{_quoted_revision(place)}"


def _files_url(place: HuggingFaceHandle) -> str:
    """The URL prefix of the files. Their paths from the root of the repository follow it."""
    endpoint = ServiceSettings.from_environment().hugging_face
    return f"{endpoint}/{place.repository_id}/resolve/{_quoted_revision(place)}"


def _quoted_revision(place: HuggingFaceHandle) -> str:
    return urllib.parse.quote(place.revision or "main", safe="")


def _read_json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise DownloadError(
            "Expected an answer in JSON from Hugging Face, got something else.",
            hint="Check HF_ENDPOINT, or try again later.",
        ) from error


def _is_folder(item: Any) -> bool:
    return isinstance(item, dict) and item.get("type") == "directory"


def _remote_file(base: str, item: Any) -> RemoteFile:
    """A file of the list with its digest: the SHA-256 of a large file (LFS), or the SHA-1 of a Git blob."""
    try:
        path, size, large = str(item["path"]), int(item["size"]), item.get("lfs")
        checksums = {"sha256": str(large["oid"])} if large else {"git-sha1": str(item["oid"])}
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DownloadError(
            f"Expected files with paths, sizes and digests from Hugging Face, got {item!r:.200}.",
            hint="Try again later.",
        ) from error
    return RemoteFile(path, size, f"{base}/{urllib.parse.quote(path)}", checksums)


def _next_page(response: requests.Response, endpoint: str) -> str:
    """The URL of the next page; "" after the last. It must be on the same host, because the token is sent."""
    url = str(response.links.get("next", {}).get("url", ""))
    if url and not url.startswith(f"{endpoint}/"):
        raise DownloadError(
            f"Expected the next page of the list of files on {endpoint}, got {url!r:.200}.",
            hint="Check HF_ENDPOINT, or try again later.",
        )
    return url


def _read_commit(path: str) -> str:
    """The commit in a file of the cache of `huggingface_hub`; "" if there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            commit = file.read(100).strip()
    except (OSError, ValueError):
        return ""
    return commit if _COMMIT.fullmatch(commit) else ""
