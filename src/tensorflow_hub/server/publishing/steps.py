"""The list of publishing steps, and the function that runs them.

Readers see nothing of a version before `make_visible`, which is a single transaction. If the process is
killed before that, the upload can be published again, or it expires.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tensorflow_hub.format.archive.index import ArchiveIndex
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue.records import Upload
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.problems import WrongOffset
from tensorflow_hub.server.publishing.archive_steps import check_complete, check_index, repack, unpack
from tensorflow_hub.server.publishing.content_steps import check_card, check_kind, describe_content
from tensorflow_hub.server.publishing.publication import Publication
from tensorflow_hub.server.publishing.storing_steps import clean_up, make_visible, store_objects
from tensorflow_hub.server.publishing.unpacked_step import remove_private_copy, store_unpacked
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.store.interface import Source, archive_key

Step = Callable[[Hub, Publication], Publication]

STEPS: tuple[Step, ...] = (
    check_complete,
    unpack,
    check_index,
    describe_content,
    check_kind,
    check_card,
    repack,
    store_objects,
    store_unpacked,
    make_visible,
    remove_private_copy,
    clean_up,
)

_log = logging.getLogger("tensorflow_hub.server")


def publish(
    hub: Hub, upload: Upload, index: ArchiveIndex | None, caller: Caller, withdrawn: str | None = None
) -> Publication:
    """Runs the publishing steps, and returns the publication with its visible version.

    Args:
      hub: the hub to publish on.
      upload: the uploaded archive.
      index: the index of the archive that the client sent; None when it sent none.
      caller: who publishes.
      withdrawn: the reason, for a mirrored version that is withdrawn upstream; else None.

    Raises:
      HubError: a check failed. Nothing is visible, and the upload can be published again.
    """
    with _source(hub, upload) as source, _workspace(hub) as workspace:
        name = ModelName.parse(upload.handle)
        publication = Publication(upload, name, caller, index, source, workspace, withdrawn=withdrawn)
        seconds = {}
        for step in STEPS:
            started = time.perf_counter()
            publication = step(hub, publication)
            seconds[step.__name__] = round(time.perf_counter() - started, 3)
    _log.info("published", extra={"request": {"handle": upload.handle, "size": upload.size, **seconds}})
    hub.metrics.count("published_versions" if publication.is_new else "published_again")
    return publication


@contextlib.contextmanager
def _source(hub: Hub, upload: Upload) -> Iterator[Source]:
    try:
        source = hub.store.open_upload(upload.id)
    except FileNotFoundError:
        if upload.archive_sha256 is None:
            raise WrongOffset(0, upload.size) from None
        # An earlier process was killed after it had stored the archive and before the version was visible.
        source = hub.store.open_object(archive_key(upload.archive_sha256))
    try:
        yield source
    finally:
        source.close()


def work_folder(settings: ServerSettings) -> Path:
    """Returns the folder for large temporary files: in the data folder, or the system's if that is unused."""
    folder = settings.data_folder() / "work"
    if settings.database and settings.store:
        folder = Path(tempfile.gettempdir())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def _workspace(hub: Hub) -> Iterator[Path]:
    """Makes a temporary folder for one publication, and removes it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tfhub-publish-", dir=work_folder(hub.settings)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
