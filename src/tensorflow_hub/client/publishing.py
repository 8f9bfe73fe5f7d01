"""Publish a module: pack it, send it, and let the hub check it and make it visible."""

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
from tensorflow_hub.handles import ModelName
from tensorflow_hub.network.session import HubSession, open_session
from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.settings import Settings

if TYPE_CHECKING:
    from tensorflow_hub.api import answers
    from tensorflow_hub.signing.keys import PrivateKey

# The longest the hub may check an archive, in seconds.
_CHECK_SECONDS = 3600.0


@dataclasses.dataclass(frozen=True)
class Published:
    """A version that a hub has.

    Attributes:
      handle: `publisher/model/version`.
      url: the handle as URL, for `hub.load` and for a browser.
      digest: of its content.
      is_new: False when the same content was published there before.
      archive_size: bytes of the archive that readers fetch.
      card_changed: True when the version was there and `card` took the place of its card.
      kind: of the deployment, such as `"saved_model"`.
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

    Publishing the same content again is harmless, and corrects the version's card when another is given;
    other content under a published version is refused.
    A transfer that breaks is resumed, also by calling again.

    Args:
      path: a directory with a SavedModel, TF1 Hub module, TFLite or TF.js model, or a `.tar.gz` of one.
      handle: `"publisher/model/version"`; by default the name in the card's first line.
      card: a Markdown file (or its text) whose first line is `# Module publisher/model/version`.
        Not needed to add another deployment to a published version. The pictures that the file refers to by
        paths beside it, `![two cats](pictures/cats.png)`, are published with it, without their metadata.
      hub: URL of the hub; default `TFHUB_URL`.
      token: the right to publish there; default `TFHUB_TOKEN`, or the one kept by `tfhub login`.
      deployment: `saved_model`, `tfjs`, `tflite`, `coral`, …; by default as the card says.
      key: signs the version, with what was packed here, when it is published; see
        `tensorflow_hub.signing.keys.load_private_key`.
      on_progress: called with the step ("packing", "sending", "checking"), the bytes done, and all bytes.

    Returns:
      What is published.

    Raises:
      NotAModuleError: `path` holds no module.
      CardError: the card breaks a rule, is about another model, or one of its pictures cannot be read.
      HandleError: there is neither a handle nor a card with one.
      ConflictError: the version is published with other content.
      AuthenticationError, ForbiddenError: no token, or one without the right.
      RejectedError: the hub checked what was sent and refuses it.
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
    """Signs what was read here, not what the hub says that it has."""
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
    """Asks the hub to check and publish what it has; it answers when the version is visible."""
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
    """Corrects the card of a version that was published before; content never changes, a card may."""
    # The card that comes with another form of a version describes that form, not the version.
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
    """The archive to send, its index when it is of our making, its size and digest."""
    if os.path.isfile(path):
        with open(path, "rb") as file:
            size, sha256 = size_and_sha256(file)
        yield os.fspath(path), None, size, sha256
        return
    if not os.path.isdir(path):
        raise NotAModuleError(
            f"Expected a module's directory or archive, got {os.fspath(path)!r}, which does not exist.",
            hint="Export a module first, then give its directory.",
        )
    describe(path, files=())  # fails at once for what is no module
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
            f"The card {os.fspath(card)!r} cannot be read: {reason}.",
            hint="Give the path of a Markdown file.",
        ) from error


def _name(handle: str | None, card: str) -> ModelName:
    described = parse_card(card) if card else None
    text = handle or (described.name if described else "")
    if not text:
        raise HandleError(
            "Expected a card, or a handle of the form publisher/model/version.",
            hint="Write a card.md that begins with `# Module publisher/model/1` and pass it.",
        )
    name = ModelName.parse(text)
    if name.version is None:
        raise HandleError(
            f"Expected a version at the end of the handle, got {text!r}.", hint=f"For example '{name}/1'."
        )
    if described and described.name and described.name != str(name):
        # The hub would refuse it too, but only after the module was packed.
        raise CardError(
            f"Expected a card about {name}, got one about {described.name}.",
            hint=f"Make its first line `# {described.kind.capitalize()} {name}`, "
            f"or publish as {described.name}.",
        )
    return name
