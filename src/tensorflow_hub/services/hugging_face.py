"""Names of models on Hugging Face: `hf://owner/repository@revision/folder`, and Hugging Face's own URLs.

    hf://<owner>/<repository>[@<revision>][/<folder or archive…>]
    https://huggingface.co/<owner>/<repository>[/tree/<revision>[/<folder…>]]

The first form is that of `huggingface_hub` (its guide "HfFileSystem"). A slash in a revision is written
`%2F`. A query and a slash at the end say nothing.
"""

from __future__ import annotations

import dataclasses
import re
import urllib.parse

from tensorflow_hub.errors import HandleError

SCHEME = "hf://"
_HOSTS = frozenset({"huggingface.co", "hf.co"})
# What stands at the place of an owner in URLs of Hugging Face that name no model.
_NO_OWNERS = frozenset({"api", "blog", "collections", "datasets", "docs", "models", "papers", "spaces"})
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
_REVISION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/+-]{0,198}[A-Za-z0-9_+-])?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FOLDER_PART = re.compile(r"[^/\\\x00-\x1f\x7f]{1,255}")
_HINT = "For example 'hf://Dimitre/universal-sentence-encoder' or 'hf://owner/repository@main/folder'."


@dataclasses.dataclass(frozen=True, order=True)
class HuggingFaceHandle:
    """A repository of models on Hugging Face, a revision of it, a folder in it.

    Attributes:
      owner: a user or an organisation.
      repository: the name below the owner.
      revision: a branch, a tag or a commit; "" for the repository's main branch.
      folder: the folder or archive in it that has the module; "" for its root.
    """

    owner: str
    repository: str
    revision: str = ""
    folder: str = ""

    @classmethod
    def parse(cls, text: str) -> HuggingFaceHandle:
        """Reads `hf://…` or a URL of a model on huggingface.co.

        Raises:
          HandleError: it names no repository of models, or a revision or folder that cannot be.

        >>> HuggingFaceHandle.parse("https://huggingface.co/acme/words/tree/main/tf2")
        HuggingFaceHandle(owner='acme', repository='words', revision='main', folder='tf2')
        >>> str(HuggingFaceHandle.parse("hf://acme/words@refs%2Fpr%2F1/"))
        'hf://acme/words@refs%2Fpr%2F1'
        """
        owner, repository, revision, folder = _parts_of(text)
        for name, what in ((owner, "owner"), (repository, "repository")):
            if not _NAME.fullmatch(name) or ".." in name or "--" in name:
                raise HandleError(
                    f"Expected letters, digits and . _ - in the {what} of a model on Hugging Face, "
                    f"got {name!r:.100} in {text!r:.200}.",
                    hint=_HINT,
                )
        if revision and (not _REVISION.fullmatch(revision) or ".." in revision or "//" in revision):
            raise HandleError(
                f"Expected a branch, a tag or a commit after @, got {revision!r:.100} in {text!r:.200}.",
                hint=f"A slash in it is written %2F. {_HINT}",
            )
        if folder and not all(_is_folder_part(part) for part in folder.split("/")):
            raise HandleError(
                f"Expected a folder below the repository, got {folder!r:.100} in {text!r:.200}.", hint=_HINT
            )
        return cls(owner, repository, revision, folder)

    @property
    def repository_id(self) -> str:
        """`owner/repository`, as Hugging Face names it."""
        return f"{self.owner}/{self.repository}"

    @property
    def is_commit(self) -> bool:
        """Whether the revision is a commit, whose files never change."""
        return _COMMIT.fullmatch(self.revision) is not None

    @property
    def page(self) -> str:
        """The page to open in a browser."""
        base = f"https://huggingface.co/{self.repository_id}"
        if not self.revision and not self.folder:
            return base
        revision = urllib.parse.quote(self.revision or "main", safe="")
        return "/".join(filter(None, (base, "tree", revision, urllib.parse.quote(self.folder))))

    def at_commit(self, commit: str) -> HuggingFaceHandle:
        """The same folder in a commit."""
        return dataclasses.replace(self, revision=commit)

    def __str__(self) -> str:
        revision = f"@{urllib.parse.quote(self.revision, safe='+')}" if self.revision else ""
        folder = f"/{urllib.parse.quote(self.folder)}" if self.folder else ""
        return f"{SCHEME}{self.repository_id}{revision}{folder}"


def is_hugging_face(text: str, *, endpoint: str = "") -> bool:
    """Whether a handle is one of Hugging Face's: by its scheme or its host.

    Args:
      text: the handle.
      endpoint: the address of a server that stands in for huggingface.co.

    >>> is_hugging_face("hf://acme/words"), is_hugging_face("https://huggingface.co/acme/words")
    (True, True)
    """
    if text.lower().startswith(SCHEME):
        return True
    try:
        parts = urllib.parse.urlsplit(text)
        host = parts.hostname
        known = host in _HOSTS or bool(endpoint and parts.netloc == urllib.parse.urlsplit(endpoint).netloc)
    except ValueError:
        return False
    return known and parts.scheme in {"http", "https"}


def _parts_of(text: str) -> tuple[str, str, str, str]:
    """Owner, repository, revision and folder, none of them checked."""
    is_short = text.lower().startswith(SCHEME)
    try:
        path = text[len(SCHEME) :] if is_short else urllib.parse.urlsplit(text).path
    except ValueError:
        path = ""
    segments = re.split(r"[?#]", path, maxsplit=1)[0].strip("/").split("/")
    owner, repository, rest = segments[0], "".join(segments[1:2]), segments[2:]
    if owner in _NO_OWNERS:
        raise HandleError(
            f"Expected a repository of models on Hugging Face, got one of {owner!r} in {text!r:.200}.",
            hint=_HINT,
        )
    revision = ""
    if is_short:
        repository, at, revision = repository.partition("@")
        revision = revision or at  # a bare @ is refused as a revision
    elif rest:
        if rest[0] != "tree":
            raise HandleError(
                f"Expected 'tree' and a revision behind the repository, got {rest[0]!r:.100} "
                f"in {text!r:.200}.",
                hint=_HINT,
            )
        revision, rest = "".join(rest[1:2]) or "@", rest[2:]
    folder = "/".join(map(urllib.parse.unquote, rest))
    return owner, repository, urllib.parse.unquote(revision), folder


def _is_folder_part(part: str) -> bool:
    return _FOLDER_PART.fullmatch(part) is not None and part not in {".", ".."}
