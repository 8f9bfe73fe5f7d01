"""`tfhub lock`: pin the digests of a project's modules."""

from __future__ import annotations

import dataclasses
import os

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.errors import DigestError
from tensorflow_hub.handles import UrlHandle, as_model_name, parse_handle
from tensorflow_hub.resolving.cache.layout import CachedModule
from tensorflow_hub.resolving.cache.verification import problems_of, with_digest
from tensorflow_hub.resolving.lock_file import (
    LockedModule,
    LockFile,
    lock_file_path,
    read_lock_file,
    write_lock_file,
)
from tensorflow_hub.resolving.resolve import resolve_module
from tensorflow_hub.resolving.sources.table import locate
from tensorflow_hub.settings import Settings


@click.command(
    "lock",
    epilog="""\b
Examples:
  tfhub lock acme/text-embedding/1 https://hub.example/acme/image   add to tfhub.lock
  tfhub lock                                                        check all that is locked
  tfhub lock --update acme/text-embedding                           take the latest version""",
)
@click.argument("handles", metavar="[HANDLE]...", nargs=-1)
@click.option("--file", "path", type=click.Path(dir_okay=False), help="The lock file; default tfhub.lock.")
@click.option("--update", is_flag=True, help="Lock HANDLEs to their latest versions.")
@click.option("--remove", is_flag=True, help="Remove HANDLEs from the lock file.")
@options.JSON
def command(handles: tuple[str, ...], path: str | None, update: bool, remove: bool, as_json: bool) -> None:
    """Write tfhub.lock: the digest of the content of each handle of a project.

    If tfhub.lock is in the working directory, or TFHUB_LOCKFILE names it, the library refuses other content
    and handles that are not in the file. A handle without a version stays at the version that was locked.
    """
    if (update or remove) and not handles:
        raise click.UsageError(f"Pass the HANDLEs to {'update' if update else 'remove'}.")
    settings = Settings.from_environment()
    path = path or lock_file_path(settings)
    lock = read_lock_file(path) if os.path.exists(path) or not handles else LockFile(path, {})
    if not handles:
        _check_all(lock, settings, as_json)
    for handle in handles:
        name = full_name(handle, settings)
        if remove:
            lock.require(name)
            del lock.modules[name]
            output.note(f"Removed {name}.")
            continue
        add_to_lock(lock, name, settings, update=update)
        _print(name, lock.modules[name], as_json)
    if handles:
        write_lock_file(lock)
    if as_json:
        output.result_json(
            {name: dataclasses.asdict(locked) for name, locked in sorted(lock.modules.items())}
        )


def add_to_lock(lock: LockFile, name: str, settings: Settings, *, update: bool = False) -> None:
    """Locks a handle to its current content.

    Raises:
      DigestError: it is locked to something else, and not to be updated.
    """
    locked = _locked(name, settings)
    if name in lock.modules and lock.modules[name] != locked and not update:
        raise DigestError(
            f"{name!r} is locked to {lock.modules[name].digest}, and is {locked.digest} now.",
            hint="Find out why it changed. `tfhub lock --update` accepts the new content.",
        )
    lock.modules[name] = locked


def _print(name: str, locked: LockedModule, as_json: bool) -> None:
    """Prints a line for people. JSON is printed once at the end."""
    if not as_json:
        output.result(f"{locked.digest}  {locked.latest or name}")


def _check_all(lock: LockFile, settings: Settings, as_json: bool) -> None:
    for name, expected in sorted(lock.modules.items()):
        found = _locked(expected.latest or name, settings)
        if found.digest != expected.digest:
            raise DigestError(
                f"{name!r} is locked to {expected.digest}, and is {found.digest} now.",
                hint="Find out why it changed. `tfhub lock --update` accepts the new content.",
            )
        _print(name, expected, as_json)


def _locked(name: str, settings: Settings) -> LockedModule:
    found = resolve_module(name, settings, locked=False)
    if found.manifest is None:
        raise click.UsageError(f"Expected the handle of a module to download, got your own directory {name}.")
    module = with_digest(CachedModule(found.path, found.manifest))
    problems = problems_of(module)
    if problems:
        raise DigestError(
            f"Expected an intact module {found.handle!r} in the cache, got a damaged one: {problems[0]}",
            hint=f"Fetch it again: `tfhub cache verify {found.handle} --repair`.",
        )
    return LockedModule(str(module.manifest.digest), found.handle if found.handle != name else "")


def full_name(handle: str, settings: Settings) -> str:
    """The key of a handle in the lock file: the canonical spelling of its source."""
    if isinstance(parse_handle(handle), UrlHandle):
        return locate(handle, settings).location.name
    name = None if os.path.exists(handle) else as_model_name(handle)
    return handle if name is None else f"{settings.hub.rstrip('/')}/{name}"
