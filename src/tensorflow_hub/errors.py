"""The whole error tree. Every error of this package derives from `HubError`.

    HubError
    ├── SettingsError            (ValueError)  an environment variable, option or settings file is malformed
    ├── HandleError              (ValueError)  a text is not a handle
    ├── ResolveError             (OSError)     a handle could not be turned into a local directory
    │   ├── NotFoundError        (FileNotFoundError)  nothing is published or stored there
    │   ├── UnreachableError     (ConnectionError)    the hub does not answer
    │   ├── OfflineError                       a download is needed but TFHUB_OFFLINE forbids it
    │   ├── DownloadError                      a transfer broke and retries did not help
    │   ├── DigestError                        the bytes have another digest than expected
    │   ├── TrustError                         not signed as the trust file requires
    │   └── CacheError                         the cache cannot be read or written
    ├── FormatError              (ValueError)  bytes on disk are not what the format says
    │   ├── NotAModuleError      (OSError)     a directory holds no module
    │   ├── ArchiveError                       an archive is broken or hostile
    │   ├── CardError                          a module card breaks a rule
    │   └── UnsupportedFeatureError            a module needs a feature or an op that is missing here
    ├── ModuleError              (ValueError)  a module is authored or used in the wrong way
    │   ├── TagsError                          no graph variant has these tags
    │   ├── SignatureError                     no such signature, or a malformed one
    │   ├── InputError           (TypeError)   inputs do not fit the signature
    │   ├── CollectionError                    a graph collection cannot be stored in a module
    │   ├── MissingMessageError  (KeyError)  a module has no attached message of this key
    │   ├── ModeError            (RuntimeError, NotImplementedError)  the wrong API for eager or graph mode
    │   └── ExportError          (OSError)     a module cannot be written
    ├── DataError                (ValueError)  examples given to a tool cannot be used as asked
    ├── MissingDependencyError   (ImportError) an optional package is not installed
    └── RequestError             (OSError)     a hub refused a request
        ├── AuthenticationError                no token, or one the hub does not know
        ├── ForbiddenError       (PermissionError)  the token is known but lacks the right
        ├── ConflictError                      the version exists with other bytes
        ├── RejectedError                      the hub checked what was sent and refuses it
        └── LimitError                         a rate or size limit of the hub

In earlier releases of this library, errors about reading were `OSError`s and errors about formats were
`ValueError`s. Programs catch these, so the errors here derive from them too.
"""

from __future__ import annotations

from typing import Any


class HubError(Exception):
    """Base of all errors of this package.

    Args:
      problem: a sentence that says what was expected and what came, with the value quoted.
      hint: a sentence that says what to do next, with a command if possible.

    Attributes:
      problem: the argument.
      hint: the argument. The text of the error is both sentences.

    >>> str(HubError("Expected a handle, got ''.", hint="For example acme/words/1."))
    "Expected a handle, got ''. For example acme/words/1."
    """

    # Keras converts errors of layers to a RuntimeError, unless they have this attribute.
    _keras_call_info_injected = True
    # AutoGraph converts errors in a tf.function to a StagingError, unless they have this attribute.
    ag_pass_through = True

    def __init__(self, problem: str, *, hint: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem} {self.hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.problem, self.hint)


def _restore(kind: type[HubError], problem: str, hint: str) -> HubError:
    """Rebuilds an error in another process: pickle passes no keyword arguments."""
    return kind(problem, hint=hint)


class SettingsError(HubError, ValueError):
    """An environment variable, option or settings file is malformed."""


class HandleError(HubError, ValueError):
    """A text is not a handle."""


class ResolveError(HubError, OSError):
    """A handle could not be turned into a local directory."""


class NotFoundError(ResolveError, FileNotFoundError):
    """Nothing is published or stored at a handle."""


class UnreachableError(ResolveError, ConnectionError):
    """A hub does not answer."""


class OfflineError(ResolveError):
    """A download is needed but `TFHUB_OFFLINE` forbids it."""


class DownloadError(ResolveError):
    """A transfer broke and retries did not help."""


class DigestError(ResolveError):
    """The bytes that came have another digest than the source or the lock file says."""


class TrustError(ResolveError):
    """A module is not signed as the trust file requires."""


class CacheError(ResolveError):
    """The cache cannot be read or written."""


class FormatError(HubError, ValueError):
    """Bytes on disk are not what the format says."""


class NotAModuleError(FormatError, OSError):
    """A directory holds no module."""


class ArchiveError(FormatError):
    """An archive is broken or hostile."""


class CardError(FormatError):
    """A module card breaks a rule.

    Args:
      problem: what was expected and what came.
      hint: what to do next.
      line: the line it is about, from 1; None when it is about none or several.

    Attributes:
      line: as above; the error's `problem` begins with it.
      finding: the problem without the line.
    """

    def __init__(self, problem: str, *, hint: str, line: int | None = None) -> None:
        place = "" if line is None else f"Line {line}: "
        super().__init__(place + (f"{problem[:1].lower()}{problem[1:]}" if place else problem), hint=hint)
        self.finding = problem
        self.line = line

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_card, (self.finding, self.hint, self.line)


def _restore_card(finding: str, hint: str, line: int | None) -> CardError:
    return CardError(finding, hint=hint, line=line)


class UnsupportedFeatureError(FormatError):
    """A module needs a feature or an op that is missing here."""


class ModuleError(HubError, ValueError):
    """A module is authored or used in the wrong way."""


class TagsError(ModuleError):
    """No graph variant has these tags."""


class SignatureError(ModuleError):
    """No such signature, or a malformed one."""


class InputError(ModuleError, TypeError):
    """Inputs do not fit the signature."""


class CollectionError(ModuleError):
    """A graph collection cannot be stored in a module."""


class MissingMessageError(ModuleError, KeyError):
    """A module has no attached message of this key."""


class ModeError(ModuleError, NotImplementedError):
    """The wrong API for eager or graph mode."""


class ExportError(ModuleError, OSError):
    """A module cannot be written."""


class DataError(HubError, ValueError):
    """Examples given to a tool cannot be used as asked.

    Args:
      problem: what was expected and what came; it names the line, if there is one.
      hint: what to do next.
      line: the line of the file that it is about, from 1; None when it is about none or several.

    Attributes:
      line: as above.
    """

    def __init__(self, problem: str, *, hint: str, line: int | None = None) -> None:
        super().__init__(problem, hint=hint)
        self.line = line

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_data, (self.problem, self.hint, self.line)


def _restore_data(problem: str, hint: str, line: int | None) -> DataError:
    return DataError(problem, hint=hint, line=line)


class MissingDependencyError(HubError, ImportError):
    """An optional package is not installed."""


class RequestError(HubError, OSError):
    """A hub refused a request."""


class AuthenticationError(RequestError):
    """No token, or one the hub does not know."""


class ForbiddenError(RequestError, PermissionError):
    """The token is known but lacks the right."""


class ConflictError(RequestError):
    """The version exists with other bytes."""


class RejectedError(RequestError):
    """The hub checked what was sent and refuses it."""


class LimitError(RequestError):
    """A rate or size limit of the hub."""
