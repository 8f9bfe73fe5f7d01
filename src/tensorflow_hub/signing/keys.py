"""Keys for signing versions: Ed25519 (RFC 8032), with the package `cryptography`.

A private key is a PEM file (PKCS #8), which may be encrypted with a passphrase, as OpenSSL writes it. A
public key is a line of text: `ed25519:` and its 32 bytes in base64. Each key has a short id for people.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import stat
from typing import TYPE_CHECKING, Any

from tensorflow_hub.errors import FormatError, MissingDependencyError, SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PREFIX = "ed25519:"
_LARGEST_FILE = 64 << 10


@dataclasses.dataclass(frozen=True)
class PublicKey:
    """A public key: 32 bytes."""

    raw: bytes

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Reads `ed25519:…`.

        Raises:
          FormatError: the text is not such a key.

        >>> PublicKey.parse("ed25519:" + 43 * "A" + "=").id
        '66687aadf862bd77'
        """
        try:
            raw = base64.b64decode(text.strip().removeprefix(_PREFIX), validate=True)
        except ValueError:
            raw = b""
        key = cls(raw)
        if len(raw) != 32 or str(key) != text.strip():
            raise FormatError(
                f"Expected a public key such as '{_PREFIX}…' with 32 bytes in base64, got {text[:80]!r}.",
                hint="`tfhub keys show FILE` prints that of a private key.",
            )
        return key

    @property
    def id(self) -> str:
        """The short id for people: 16 hex digits of the key's SHA-256. Do not use it to trust a key."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether a signature of a message by this key is valid.

        Raises:
          MissingDependencyError: the package `cryptography` is not installed.
        """
        from_bytes = _ed25519().Ed25519PublicKey.from_public_bytes
        from cryptography.exceptions import InvalidSignature

        try:
            from_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def __str__(self) -> str:
        return _PREFIX + base64.b64encode(self.raw).decode()


@dataclasses.dataclass(frozen=True)
class PrivateKey:
    """A private key. Its `repr` does not contain the key."""

    _key: Ed25519PrivateKey = dataclasses.field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The public key, which verifies its signatures."""
        return PublicKey(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Signs a message. Returns a signature of 64 bytes."""
        return self._key.sign(message)


def new_private_key(path: str | os.PathLike[str], passphrase: str = "") -> PrivateKey:
    """Creates a key, and writes it to a new file that only the user may read (mode 600).

    Args:
      path: the path of the file, which must not exist.
      passphrase: the passphrase to encrypt the file with; "" for no encryption.

    Raises:
      SettingsError: the file exists already, or cannot be written.
      MissingDependencyError: the package `cryptography` is not installed.
    """
    from_scratch = _ed25519().Ed25519PrivateKey.generate
    from cryptography.hazmat.primitives import serialization

    key = from_scratch()
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    content = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise SettingsError(
            f"Expected to be able to write the key file {os.fspath(path)!r}, got the error: "
            f"{error.strerror}.",
            hint="Pass a new file in a folder of your own. An existing key is never overwritten.",
        ) from error
    return PrivateKey(key)


def load_private_key(path: str | os.PathLike[str], passphrase: str = "") -> PrivateKey:
    """Reads a private key.

    Raises:
      SettingsError: there is no such file, other users may read it, the passphrase is wrong, or it is another
        kind of key.
      MissingDependencyError: the package `cryptography` is not installed.
    """
    kind = _ed25519().Ed25519PrivateKey
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _read(path)
    try:
        key = load_pem_private_key(content, passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingsError(
            f"The private key {os.fspath(path)!r} cannot be read: {str(error).rstrip('.')}.",
            hint="Check TFHUB_KEY_PASSPHRASE. It is needed for encrypted keys only.",
        ) from error
    if not isinstance(key, kind):
        raise SettingsError(
            f"Expected an Ed25519 key in {os.fspath(path)!r}, got a key of another kind.",
            hint="Make one with `tfhub keys new FILE`.",
        )
    return PrivateKey(key)


def is_encrypted(path: str | os.PathLike[str]) -> bool:
    """Whether the file of a private key is encrypted."""
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in _read(path)


def _read(path: str | os.PathLike[str]) -> bytes:
    """Reads a key file, after checking that other users may not read it."""
    try:
        with open(path, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_LARGEST_FILE)
    except OSError as error:
        raise SettingsError(
            f"The private key {os.fspath(path)!r} cannot be read: {error.strerror}.",
            hint="Make one with `tfhub keys new FILE`.",
        ) from error
    if os.name != "nt" and mode & 0o077:
        raise SettingsError(
            f"The private key {os.fspath(path)!r} may be read by other users (mode {mode:o}).",
            hint=f"Run `chmod 600 {os.fspath(path)}`. If others may have read it, make a new key.",
        )
    return content


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingDependencyError(
            "Signatures need the package cryptography, which is not installed.",
            hint="Run `pip install 'tensorflow-hub[signing]'`.",
        ) from error
    return ed25519
