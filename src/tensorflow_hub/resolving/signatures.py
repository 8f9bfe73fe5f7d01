"""Whether a module is signed as the trust file requires: every byte is read again, then the signatures.

Signatures lie in the manifest of a cached module and go wherever it goes: bundles, shared and remote caches.
Where none of them will do, the source is asked once more, because a version may be signed later.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Sequence

from tensorflow_hub.errors import CacheError, FormatError, HubError, TrustError
from tensorflow_hub.format.archive.file_digests import digest_at
from tensorflow_hub.format.archive.index import FileEntry, module_digest
from tensorflow_hub.resolving.cache.layout import CachedModule
from tensorflow_hub.resolving.cache.manifest import Manifest, change_manifest, list_files
from tensorflow_hub.resolving.trust_file import Requirement
from tensorflow_hub.signing.envelope import Envelope
from tensorflow_hub.signing.keys import PublicKey
from tensorflow_hub.signing.statement import Statement

# What is kept with a module, and looked at, of what a source gives.
MOST_SIGNATURES = 64
# Directory → identity of its files when they were read, and their digest: a process reads them once.
_read: dict[str, tuple[tuple[tuple[str, int, int, int], ...], str]] = {}

Ask = Callable[[], Sequence[str]]


def signed_manifest(manifest: Manifest, directory: str, required: Requirement, ask: Ask) -> Manifest:
    """The manifest with signatures that fulfil a requirement.

    Args:
      manifest: of the module.
      directory: where its files are; each byte of them is read.
      required: what the trust file says.
      ask: gives the envelopes that the source has; called when the manifest has none that will do.

    Raises:
      TrustError: there is no signature by a trusted key of exactly this content, name, version and kind.
    """
    digest = digest_of(directory)
    findings = [problem_of(text, required, digest) for text in manifest.signatures]
    if "" in findings:
        return manifest
    asked = tuple(ask())[:MOST_SIGNATURES]
    findings = [problem_of(text, required, digest) for text in asked] or findings
    if "" in findings:
        return dataclasses.replace(manifest, signatures=asked)
    raise _not_trusted(manifest.handle, required, findings)


def check_signed(found: CachedModule, required: Requirement, ask: Ask, *, may_write: bool) -> CachedModule:
    """A cached module, when it is signed as required; signatures that were asked for are kept with it.

    Raises:
      TrustError: it is not.
    """
    manifest = signed_manifest(found.manifest, found.path, required, ask)
    if manifest is not found.manifest and may_write:
        with contextlib.suppress(OSError):
            change_manifest(found.path + ".manifest.json", found.manifest, signatures=manifest.signatures)
    return dataclasses.replace(found, manifest=manifest)


def digest_of(directory: str) -> str:
    """The digest of all files of a directory, from their bytes.

    Raises:
      CacheError: one cannot be read.
    """
    identity = _identity(directory)
    known = _read.get(directory)
    if known is not None and known[0] == identity:
        return known[1]
    entries = []
    for file in list_files(directory):
        path = os.path.join(directory, *file.path.split("/"))
        sha256 = digest_at(path, 0, file.size)
        if sha256 is None:
            raise CacheError(f"The file {path!r} cannot be read.", hint="Check its permissions.")
        entries.append(FileEntry(file.path, file.size, sha256))
    digest = module_digest(entries)
    if _identity(directory) == identity:
        _read[directory] = identity, digest
    return digest


def problem_of(text: str, required: Requirement, digest: str) -> str:
    """Why an envelope does not fulfil a requirement; "" when it does."""
    try:
        envelope = Envelope.from_text(text)
        signer = envelope.signer(required.keys)
        statement = Statement.from_bytes(envelope.payload)
    except FormatError as problem:
        return f"a broken signature ({problem.problem.rstrip('.')})"
    if signer is None:
        ids = ", ".join(key_id[:16] for key_id, _ in envelope.signatures)
        return f"a signature by the key {ids!r}, which is not one of them or did not sign this"
    if statement.name != required.name:
        return f"a signature of {statement.name}"
    if statement.kind != required.kind:
        return f"a signature of its deployment {statement.kind!r}, not {required.kind!r}"
    if statement.digest != digest:
        return f"a signature of other content ({statement.digest}, these files have {digest})"
    return ""


def signers_of(texts: Sequence[str], keys: Sequence[PublicKey]) -> list[tuple[PublicKey, Statement]]:
    """Of envelopes those that one of the keys signed, with what they say."""
    found = []
    for text in texts:
        with contextlib.suppress(FormatError):
            envelope = Envelope.from_text(text)
            signer = envelope.signer(keys)
            if signer is not None:
                found.append((signer, Statement.from_bytes(envelope.payload)))
    return found


def _identity(directory: str) -> tuple[tuple[str, int, int, int], ...]:
    """What changes when a file does: paths, sizes, times and numbers of files."""
    found = []
    for file in list_files(directory):
        with contextlib.suppress(OSError):
            status = os.stat(os.path.join(directory, *file.path.split("/")))
            found.append((file.path, status.st_size, status.st_mtime_ns, status.st_ino))
    return tuple(found)


def _not_trusted(handle: str, required: Requirement, findings: Sequence[str]) -> HubError:
    keys = ", ".join(key.id for key in required.keys) or "none"
    shown = "; ".join(dict.fromkeys(findings[:3])) or "no signature"
    return TrustError(
        f"Expected {handle!r} with a signature of {required.name} by a key that {required.path!r} trusts "
        f"({keys}), got {shown}.",
        hint=f"`tfhub verify {handle}` shows who signed it. Ask its publisher for a signature; change "
        f"{required.path!r} only for a key that you got from the publisher, not from the hub.",
    )
