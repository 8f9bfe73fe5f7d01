"""tfhub.dev's models as an upstream: each is fetched from where it is now, by a process of the command line.

The hub knows the table of where they went, and nothing of the services. What speaks to them, and unpacks
what strangers packed, is `tfhub pull`, in a process that has none of the hub's secrets and none of the
administrator's accounts: what needs somebody's consent or token is not passed on to everybody.
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

NAME = "tfhub"  # what the setting says in place of a URL
_PIECE = 1 << 18
# Exit code of the command → the error.
_ERRORS: dict[int, type[HubError]] = {3: NotFoundError, 4: UnreachableError, 5: ForbiddenError}
# What the process is given of the environment: how to run and to reach the network, no accounts.
_PASSED_ON = re.compile(
    r"PATH|PYTHON.*|LANG|LC_.*|TMPDIR|TEMP|TMP|SYSTEMROOT|.*_proxy|.*_PROXY|SSL_CERT_.*|.*_CA_BUNDLE"
    r"|TFHUB_(?:DEV_ENDPOINT|MIRRORS|RETRIES|.*_TIMEOUT|CONNECTIONS|MAX_.*|DISABLE_CERT_VALIDATION)"
    r"|KAGGLE_API_ENDPOINT|HF_ENDPOINT"
)


class Tfhub:
    """The models that tfhub.dev had.

    Attributes:
      url: its name, for messages.

    Args:
      folder: where modules may lie on their way.
    """

    url = "tfhub.dev"
    has_entries = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()

    def open(self) -> contextlib.nullcontext[None]:
        """There is no session: each fetch has a process of its own."""
        return contextlib.nullcontext()

    def has_heard_of(self, name: ModelName, *, is_documented: bool) -> bool:
        """Whether tfhub.dev had it: no process is started for names that somebody makes up.

        The table has SavedModels only. Of other deployments we know those whose documentation was imported.
        """
        if moves_of(name) or publisher_archive(name) is not None:
            return True
        return is_documented and _kind_of(name) is not saved_model.KIND

    def place_of(self, name: ModelName) -> str:
        """Where a version is fetched from first, for people."""
        move = move_of(name)
        return str(move.kaggle) if move and move.kaggle else f"https://tfhub.dev/{name}"

    def latest(self, _: Any, name: ModelName) -> int | None:
        """The last version that tfhub.dev had; None when nothing is known of the model."""
        documented = moves_of(name)
        return documented[-1].name.version if documented else None

    def entry(self, _: Any, name: ModelName) -> Mapping[str, Any]:
        """Nothing: cards come with the documentation that is imported."""
        return {}

    @contextlib.contextmanager
    def content(self, _: Any, name: ModelName, deployment: str) -> Iterator[Content]:
        """The module as an archive, once all of it has come.

        Raises:
          NotFoundError: it is nowhere.
          ForbiddenError: it needs somebody's consent; the hint names the page.
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
        """No picture: the entries, which name pictures, are empty here."""
        raise NotFoundError(f"{name} has no pictures.", hint="Look at its card.")

    def close(self) -> None:
        """Ends what is being fetched."""
        with self._lock:
            for process in self._running:
                process.kill()

    def _pull(self, name: ModelName, kind: DeploymentKind, folder: str) -> Mapping[str, Any]:
        """What `tfhub pull` says of the module that it brought into a folder."""
        query = "" if kind is saved_model.KIND else f"?{kind.download}"
        passed_on = {key: value for key, value in os.environ.items() if _PASSED_ON.fullmatch(key)}
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
    """What a model was on tfhub.dev, where each kind but SavedModels had a folder (`google/lite-model`)."""
    folder = name.model.partition("/")[0]
    return next((kind for kind in KINDS if kind.folder and kind.folder == folder), saved_model.KIND)


def _only_file(name: ModelName, kind: DeploymentKind, folder: str) -> Path:
    """The one file of a deployment that is fetched as a file.

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
    """The error that the command wrote: a line `error: …`, and below it `  → …`."""
    found = re.search(r"^error: (.*?)\n  → (.*?)$", problems, re.MULTILINE | re.DOTALL)
    problem, hint = found.groups() if found else (f"{name} cannot be fetched.", "Ask again later.")
    return _ERRORS.get(code, DownloadError)(problem, hint=hint)
