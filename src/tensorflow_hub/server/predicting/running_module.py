"""A module that runs in a separate process (`tools/predicting/process.py`): start, requests, end."""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from tensorflow_hub.errors import RejectedError
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.sandbox import environment
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.publishing.archive_steps import archive_limits
from tensorflow_hub.server.settings import MIB, ServerSettings
from tensorflow_hub.server.store.interface import Store, archive_key

_log = logging.getLogger("tensorflow_hub.server")
_PROCESS = "tensorflow_hub.tools.predicting.process"
# Enough time to import TensorFlow, which takes seconds, and to load a large module.
_LOADING_SECONDS = 60
# The largest message from the process. A process that sends a larger one is ended.
_LARGEST_ANSWER = 65 * MIB
_LAST_WORDS = 4000
_TENSORFLOW = {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1", "HOME": "/"}
# Errors that are caused by the request and not by the module.
_OF_CALLER = {"InputError", "SignatureError", "DataError"}


class RunningModule:
    """A process with one module of the store.

    Args:
      handle: of the version, for messages and the log.
      archive_sha256: the archive of the module.
      store: where it is.
      settings: of the hub: limits.
      folder: where it may lie unpacked.

    Attributes:
      remembers: whether a call may change what later calls see.
      used_at: when it answered last (monotonic clock).

    Raises:
      RejectedError: the module cannot be loaded; says why.
    """

    def __init__(
        self, handle: str, archive_sha256: str, store: Store, settings: ServerSettings, folder: Path
    ) -> None:
        self._handle = handle
        self._settings = settings
        self._words = b""
        self._folder = Path(tempfile.mkdtemp(prefix="tfhub-run-", dir=folder))
        try:
            self._unpack(store, archive_sha256)
            self._start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        try:
            told = json.loads(self._answer(_LOADING_SECONDS + settings.predict_seconds))
        except BaseException:
            self.end()
            raise
        self.remembers = bool(told["remembers"])
        self.used_at = time.monotonic()

    def ask(self, request: bytes) -> bytes:
        """Sends a request to the module and returns its answer as JSON.

        Raises:
          Malformed: the request does not fit the module.
          RejectedError: the module fails, exceeds a limit, or ends its process.
        """
        seconds = self._settings.predict_seconds
        with self._time_limit(seconds):
            with contextlib.suppress(OSError):  # the process has ended; reading says so too
                self._hub_end.send_bytes(request)
            answer = self._received(seconds)
        self.used_at = time.monotonic()
        return answer

    @property
    def is_alive(self) -> bool:
        """Whether the process is running."""
        return self._process.poll() is None

    def end(self) -> None:
        """Ends the process and all of its children, and removes the files."""
        self._hub_end.close()
        self._process.kill()  # with it ends all of the sandbox
        self._process.wait()
        self._listener.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _unpack(self, store: Store, archive_sha256: str) -> None:
        (self._folder / "root").mkdir()
        extract_archive(
            _Pieces(store.read(archive_key(archive_sha256))),
            self._folder / "module",
            archive_limits(self._settings),
        )

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        folders = [str(self._folder / name) for name in ("root", "module")]
        settings = self._settings
        limits = [str(settings.predict_memory), str(settings.predict_seconds)]
        command = [sys.executable, "-m", _PROCESS, *folders, *limits, str(settings.data_folder())]
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**environment(), **_TENSORFLOW},  # neither the hub's passwords nor its folders
                cwd="/",
                start_new_session=True,  # Ctrl-C then goes to the hub only, which ends the process
            )
        self._hub_end = Connection(ours.detach())
        assert self._process.stderr is not None
        self._listener = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._listener.start()

    def _answer(self, seconds: int) -> bytes:
        with self._time_limit(seconds):
            return self._received(seconds)

    @contextlib.contextmanager
    def _time_limit(self, seconds: int) -> Iterator[None]:
        """Kills the process at the end of the time limit."""
        self._is_late = False
        timer = threading.Timer(seconds, self._kill_late)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _kill_late(self) -> None:
        self._is_late = True
        self._process.kill()

    def _received(self, seconds: int) -> bytes:
        try:
            said = self._hub_end.recv_bytes(_LARGEST_ANSWER)
        except EOFError:
            raise self._ended(self._process.wait(), seconds) from None
        except OSError as error:  # longer than that, or broken
            self._process.kill()
            self._process.wait()
            raise RejectedError(
                f"The module {self._handle} was stopped: it sent more than {_LARGEST_ANSWER // MIB} MiB.",
                hint="Send less at once, or run it yourself.",
            ) from error
        if said[:1] == b"+":
            return said[1:]
        refused = json.loads(said[1:])
        kind = Malformed if refused["error"] in _OF_CALLER else RejectedError
        raise kind(str(refused["problem"])[:2000], hint=str(refused["hint"])[:2000])

    def _ended(self, code: int, seconds: int) -> RejectedError:
        ended_by = -code if code < 0 else max(0, code - 128)  # a signal, or 0
        if self._is_late or ended_by == signal.SIGXCPU:
            problem = f"was stopped: it took more than {seconds} s"
        else:
            problem = f"ended the process in which it ran ({_name_of(ended_by) or f'exit code {code}'})"
        _log.warning("The module %s %s: %s", self._handle, problem, self._words.decode(errors="replace"))
        return RejectedError(
            f"The module {self._handle} {problem}.",
            hint="Send less at once, or download it and run it yourself.",
        )

    def _listen(self, words: IO[bytes]) -> None:
        """Reads the log of the process to its end, and keeps only the last part."""
        with words:
            while piece := words.read1(1 << 16):  # type: ignore[attr-defined]
                self._words = (self._words + piece)[-_LAST_WORDS:]


class _Pieces:
    """A readable stream over chunks of bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        """Returns the next bytes, at most `size`; b"" at the end."""
        self._rest = self._rest or bytes(next(self._pieces, b""))
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def _name_of(number: int) -> str:
    """The name of a signal; "" where it is none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""
