"""`hub.publish`: packs a module, sends it to a hub, and asks the hub to check and publish it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tensorflow_hub.client.calls import LARGEST_ANSWER, call, client_settings, read_answer
from tensorflow_hub.client.card_pictures import read_card_pictures, send_pictures
from tensorflow_hub.client.uploading import send_file
from tensorflow_hub.errors import CardError, HandleError, NotAModuleError
from tensorflow_hub.format.archive.file_digests import size_and_sha256
from tensorflow_hub.format.archive.index import LARGEST_SENT_INDEX, ArchiveIndex
from tensorflow_hub.format.archive.module_files import module_files
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.format.card.syntax import parse_card
from tensorflow_hub.format.description import describe
from tensorflow_hub.handles import ModelName, parse_version_name
from tensorflow_hub.network.session import HubSession, open_session
from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.settings import Settings

if TYPE_CHECKING:
    from tensorflow_hub.api import answers
    from tensorflow_hub.signing.keys import PrivateKey

# The longest time that the hub may check an archive, in seconds.
_CHECK_SECONDS = 3600.0


@dataclasses.dataclass(frozen=True)
class Published:
    """A published version.

    Attributes:
      handle: `publisher/model/version`.
      url: the handle as URL, for `hub.load` and for a browser.
      digest: the digest of its content.
      is_new: False if the same content was published there before.
      archive_size: the size in bytes of the archive that readers download.
      card_changed: whether `card` replaced the card of a version that was published before.
      kind: the kind of the deployment, such as `"saved_model"`.
    """

    handle: str
    url: str
    digest: str
    is_new: bool
    archive_size: int
    card_changed: bool = False
    kind: str = ""


def publish(
    path: str | os.PathLike[str],
    handle: str | None = None,
    *,
    card: str | os.PathLike[str] | None = None,
    hub: str | None = None,
    token: str | None = None,
    deployment: str | None = None,
    key: PrivateKey | None = None,
    on_progress: OnProgress | None = None,
) -> Published:
    """Publishes a module directory, or an archive of one, as a version on a hub.

    Publishing the same content again is allowed. Then `card` replaces the card of the version. Other content
    under a published version is refused. An interrupted transfer is resumed, also by a second call.

    Args:
      path: a directory with a SavedModel, TF1 Hub module, TFLite or TF.js model, or a `.tar.gz` of one.
      handle: `"publisher/model/version"`; None means the name in the first line of the card.
      card: a Markdown file (or its text) whose first line is `# Module publisher/model/version`.
        It is not needed to add another deployment to a published version. Pictures that the file refers to by
        relative paths, `![two cats](pictures/cats.png)`, are published with it, without their metadata.
      hub: URL of the hub; default `TFHUB_URL`.
      token: a token of scope publish; default `TFHUB_TOKEN`, or the token that `tfhub login` saved.
      deployment: `saved_model`, `tfjs`, `tflite`, `coral`, …; None means the kind in the card.
      key: a private key to sign the version with (`tensorflow_hub.signing.keys.load_private_key`). The
        signature is for the content of `path`.
      on_progress: called with the step ("packing", "sending", "checking"), the number of bytes that are done,
        and the number of all bytes.

    Returns:
      A `Published` with `handle`, `url`, `digest` and more. `is_new` is False if the same content was
      published there before.

    Raises:
      NotAModuleError: `path` has no module.
      CardError: the card violates a rule, is for another model, or one of its pictures cannot be read.
      HandleError: there is neither a handle nor a card with one.
      ConflictError: the version is published with other content.
      AuthenticationError, ForbiddenError: there is no token, or it has no permission.
      RejectedError: the hub checked the module and refuses it.
      UnreachableError: the hub does not answer.

    Example::

        published = hub.publish("export/", card="card.md", hub="http://127.0.0.1:8500")
        layer = hub.KerasLayer(published.url)
    """
    settings = client_settings(hub, token)
    text = _card_text(card)
    name = _name(handle, text)
    pictures = read_card_pictures(card, text)
    on_progress = on_progress or ignore_progress
    with _archive(path, on_progress) as (archive, index, size, sha256), open_session(settings) as session:
        request = {"handle": str(name), "size": size, "sha256": sha256, "card": text}
        if index is not None:
            request["digest"] = index.digest
        if deployment is not None:
            request["deployment"] = deployment
        started = call(settings, "POST", "/api/v1/uploads", what=str(name), session=session, json=request)
        if started.get("published"):
            done = _published(_version(session, settings, started["handle"]), deployment, is_new=False)
        else:
            send_file(
                session,
                settings,
                archive,
                started["id"],
                received=started["received"],
                on_progress=lambda n: on_progress("sending", n, size),
            )
            on_progress("checking", 0, size)
            done = _finish(session, settings, str(name), started["id"], index=index, deployment=deployment)
        _sign(done, path, index, key=key, settings=settings, session=session)
        if not done.is_new:
            done = _with_card(done, session, settings, text, deployment)
        send_pictures(pictures, done.handle, text, session, settings)
        return done


def _sign(
    done: Published,
    path: str | os.PathLike[str],
    index: ArchiveIndex | None,
    *,
    key: PrivateKey | None,
    settings: Settings,
    session: HubSession,
) -> None:
    """Signs the content of `path`, which was read on this machine, and not the digest in the hub's answer."""
    if key is None:
        return
    from tensorflow_hub.client.signing import Content, content_at, send_signature

    content = content_at(path) if index is None else Content(index.digest, index.archive_sha256)
    send_signature(ModelName.parse(done.handle), done.kind, content, key, settings, session=session)


def _finish(
    session: HubSession,
    settings: Settings,
    name: str,
    upload: str,
    *,
    index: ArchiveIndex | None,
    deployment: str | None,
) -> Published:
    """Asks the hub to check and publish an upload. The hub answers when the version is visible."""
    url = f"{settings.hub.rstrip('/')}/api/v1/uploads/{upload}/publish"
    document = b"" if index is None else index.to_json()
    # Without an index, the hub packs the archive again.
    has_index = 0 < len(document) < LARGEST_SENT_INDEX
    timeout = (settings.connect_timeout, _CHECK_SECONDS)
    statuses = frozenset({200, 201})
    response = session.request(
        "POST",
        url,
        what=name,
        headers={"Content-Type": "application/json"},
        data=b'{"index":%b}' % document if has_index else b"{}",
        timeout=timeout,
        accept_statuses=statuses,
        largest=LARGEST_ANSWER,
    )
    return _published(read_answer(response, settings), deployment, is_new=response.status_code == 201)


def _version(session: HubSession, settings: Settings, handle: str) -> answers.Version:
    found: answers.Version = call(settings, "GET", f"/api/v1/models/{handle}", what=handle, session=session)
    return found


def _with_card(
    done: Published, session: HubSession, settings: Settings, text: str, deployment: str | None
) -> Published:
    """Replaces the card of a version that was published before."""
    # The card of another deployment describes that deployment, not the version.
    if not text or deployment is not None:
        return done
    handle = done.handle
    before = _version(session, settings, handle)["card"]
    after = call(
        settings, "PUT", "/api/v1/cards", what=handle, session=session, json={"handle": handle, "card": text}
    )["card"]
    return dataclasses.replace(done, card_changed=before != after)


def _published(version: answers.Version, deployment: str | None, is_new: bool) -> Published:
    found = next(
        (item for item in version["deployments"] if item["kind"] == deployment), version["deployments"][-1]
    )
    return Published(
        version["handle"],
        version["url"],
        found["digest"],
        is_new,
        found["archive_size"],
        kind=found["kind"],
    )


@contextlib.contextmanager
def _archive(
    path: str | os.PathLike[str], on_progress: OnProgress
) -> Iterator[tuple[str, ArchiveIndex | None, int, str]]:
    """The archive to send, its index if it was packed here, its size and its SHA-256."""
    if os.path.isfile(path):
        with open(path, "rb") as file:
            size, sha256 = size_and_sha256(file)
        yield os.fspath(path), None, size, sha256
        return
    if not os.path.isdir(path):
        raise NotAModuleError(
            f"Expected a module's directory or archive, got {os.fspath(path)!r}, which does not exist.",
            hint="Export a module first, then pass its directory.",
        )
    describe(path, files=())  # raises an error if it is not a module, before it is packed
    size = sum(Path(path, file).stat().st_size for file in module_files(path))
    with tempfile.TemporaryDirectory(prefix="tfhub-publish-") as folder:
        archive = os.path.join(folder, "module.tar.gz")
        index = write_archive(path, archive, on_progress=lambda n: on_progress("packing", n, size))
        yield archive, index, index.archive_size, index.archive_sha256


def _card_text(card: str | os.PathLike[str] | None) -> str:
    if card is None:
        return ""
    if isinstance(card, str) and "\n" in card:
        return card
    try:
        with open(card, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CardError(
            f"Expected a readable card at {os.fspath(card)!r}, got the error: {reason}.",
            hint="Pass the path of a Markdown file in UTF-8.",
        ) from error


def _name(handle: str | None, card: str) -> ModelName:
    described = parse_card(card) if card else None
    text = handle or (described.name if described else "")
    if not text:
        raise HandleError(
            "Expected a card, or a handle of the form publisher/model/version, got neither.",
            hint="Write a card.md that begins with `# Module publisher/model/1` and pass it.",
        )
    name = parse_version_name(text)
    if described and described.name and described.name != str(name):
        # The hub would refuse it too, but only after the module was packed and sent.
        raise CardError(
            f"Expected a card of {name}, got a card of {described.name}.",
            hint=f"Make its first line `# {described.kind.capitalize()} {name}`, "
            f"or publish as {described.name}.",
        )
    return name
