"""Mirrors the models that tfhub.dev had: fetches each from its present place with `tfhub pull`.

`tfhub pull` runs in another process without the hub's secrets, because it unpacks archives of strangers. It
has no accounts of the administrator either: a model that requires somebody's consent or token must not become
public through the hub. The hub itself only reads the table of the models' present places.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DownloadError, ForbiddenError, HubError, NotFoundError, UnreachableError
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.format.kinds import saved_model
from tensorflow_hub.format.kinds.kind import DeploymentKind
from tensorflow_hub.format.kinds.table import KIND_BY_NAME, KINDS
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.mirroring.upstream import Content
from tensorflow_hub.services.tfhub_moves import move_of, moves_of, publisher_archive

NAME = "tfhub"  # the value of TFHUB_SERVER_UPSTREAM that selects this upstream
_PIECE = 1 << 18
# Exit code of the command → the error.
_ERRORS: dict[int, type[HubError]] = {3: NotFoundError, 4: UnreachableError, 5: ForbiddenError}
# The environment variables of the process: how to run and how to reach the network, but no accounts.
_ENVIRONMENT = re.compile(
    r"PATH|PYTHON.*|LANG|LC_.*|TMPDIR|TEMP|TMP|SYSTEMROOT|.*_proxy|.*_PROXY|SSL_CERT_.*|.*_CA_BUNDLE"
    r"|TFHUB_(?:DEV_ENDPOINT|MIRRORS|RETRIES|.*_TIMEOUT|CONNECTIONS|MAX_.*|DISABLE_CERT_VALIDATION)"
    r"|KAGGLE_API_ENDPOINT|HF_ENDPOINT"
)


class Tfhub:
    """The upstream for the models that tfhub.dev had.

    Attributes:
      url: its name, for messages.

    Args:
      folder: the folder for temporary files.
    """

    url = "tfhub.dev"
    has_entries = False
    is_public = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()

    def open(self) -> contextlib.nullcontext[None]:
        """Returns an empty session, because each fetch runs in its own process."""
        return contextlib.nullcontext()

    def may_have(self, name: ModelName, *, is_documented: bool) -> bool:
        """Whether tfhub.dev had a model, so that no process is started for invented names.

        The table lists only SavedModels. Other kinds are known only if their documentation was imported.
        """
        if moves_of(name) or publisher_archive(name) is not None:
            return True
        return is_documented and _kind_of(name) is not saved_model.KIND

    def source_of(self, name: ModelName) -> str:
        """Returns the URL from which a version is fetched first, to show it to users."""
        move = move_of(name)
        return str(move.kaggle) if move and move.kaggle else f"https://tfhub.dev/{name}"

    def latest(self, _: Any, name: ModelName) -> int | None:
        """Returns the last version of a model on tfhub.dev; None if the table does not list the model."""
        documented = moves_of(name)
        return documented[-1].name.version if documented else None

    def entry(self, _: Any, name: ModelName) -> Mapping[str, Any]:
        """Returns an empty description, because cards are imported with the documentation."""
        return {}

    @contextlib.contextmanager
    def content(self, _: Any, name: ModelName, deployment: str) -> Iterator[Content]:
        """Fetches a whole module, and yields it as an archive.

        Raises:
          NotFoundError: no service has it.
          ForbiddenError: its owner requires consent; the hint names the page.
          UnreachableError, DownloadError: it cannot be fetched.
        """
        kind = KIND_BY_NAME[deployment]
        if kind is not _kind_of(name):
            raise NotFoundError(
                f"{name} is no {kind.label} on tfhub.dev.", hint=f"Ask for ?{_kind_of(name).download}."
            )
        with tempfile.TemporaryDirectory(prefix="tfhub-pull-", dir=self._folder) as folder:
            pulled = self._pull(name, kind, folder)
            path = _only_file(name, kind, pulled["path"]) if kind.suffix else Path(folder, "module.tar.gz")
            if not kind.suffix:
                write_archive(pulled["path"], path)
            with open(path, "rb") as file:
                pieces = iter(lambda: file.read(_PIECE), b"")
                yield Content(path.stat().st_size, None, pieces, str(pulled["source"]))

    def picture(self, session: Any, name: ModelName, sha256: str) -> bytes:
        """Raises NotFoundError, because the descriptions of this upstream list no pictures."""
        raise NotFoundError(f"{name} has no pictures.", hint="Look at its card.")

    def close(self) -> None:
        """Stops the running fetches."""
        with self._lock:
            for process in self._running:
                process.kill()

    def _pull(self, name: ModelName, kind: DeploymentKind, folder: str) -> Mapping[str, Any]:
        """Fetches a module into a folder with `tfhub pull`, and returns the JSON that it prints."""
        query = "" if kind is saved_model.KIND else f"?{kind.download}"
        passed_on = {key: value for key, value in os.environ.items() if _ENVIRONMENT.fullmatch(key)}
        process = subprocess.Popen(
            [sys.executable, "-m", "tensorflow_hub", "pull", f"https://tfhub.dev/{name}{query}", "--json"],
            env={**passed_on, "HOME": folder, "TFHUB_CACHE_DIR": os.path.join(folder, "cache")},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with self._lock:
            self._running.add(process)
        try:
            said, problems = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode:
            raise _error_of(process.returncode, problems, name)
        [pulled] = json.loads(said)
        return dict(pulled)


def _kind_of(name: ModelName) -> DeploymentKind:
    """Returns the kind of a model on tfhub.dev: all but SavedModels had a folder (`google/lite-model`)."""
    folder = name.model.partition("/")[0]
    return next((kind for kind in KINDS if kind.folder and kind.folder == folder), saved_model.KIND)


def _only_file(name: ModelName, kind: DeploymentKind, folder: str) -> Path:
    """Returns the only file of a deployment that consists of one file.

    Raises:
      NotFoundError: there is none, or there are several.
    """
    found = sorted(path for path in Path(folder).rglob(f"*{kind.suffix}") if path.is_file())
    if len(found) != 1:
        raise NotFoundError(
            f"Expected one {kind.suffix} file of {name}, got {len(found)}.",
            hint=f"Look at https://tfhub.dev/{name}.",
        )
    return found[0]


def _error_of(code: int, problems: str, name: ModelName) -> HubError:
    """Returns the error that the command printed: a line `error: …`, and below it `  → …`."""
    found = re.search(r"^error: (.*?)\n  → (.*?)$", problems, re.MULTILINE | re.DOTALL)
    problem, hint = found.groups() if found else (f"{name} cannot be fetched.", "Ask again later.")
    return _ERRORS.get(code, DownloadError)(problem, hint=hint)
