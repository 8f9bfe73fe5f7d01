"""`tfhub cache`: manage downloaded modules and cached features."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Sequence
from pathlib import Path

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.errors import DigestError, HubError, NotFoundError
from tensorflow_hub.handles import UrlHandle, as_model_name, parse_handle
from tensorflow_hub.resolving.cache.inventory import (
    CacheEntry,
    abandoned_paths,
    as_module,
    entries_to_prune,
    find_entry,
    list_cache,
    remove_entry,
    remove_unused,
    replace_entry,
)
from tensorflow_hub.resolving.cache.layout import Cache, discard
from tensorflow_hub.resolving.latest import remembered
from tensorflow_hub.resolving.sources.table import locate
from tensorflow_hub.setting_values import parse_size
from tensorflow_hub.settings import Settings

_UNITS = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


@click.group("cache")
def command() -> None:
    """List, check, remove, export and import downloaded modules.

    The cache is in TFHUB_CACHE_DIR; by default in tfhub_modules in the directory for temporary files.
    """


@command.command("list", epilog="\b\nExamples:\n  tfhub cache list\n  tfhub cache list --json")
@options.JSON
def list_command(as_json: bool) -> None:
    """List the modules in the cache, the most recently used first."""
    cache = _cache()
    entries = list_cache(cache)
    if as_json:
        output.result_json({"cache": cache.root, "modules": [_as_json(entry) for entry in entries]})
        return
    output.table(
        [(_name(entry), output.size(entry.size), _date(entry.used), _state(entry)) for entry in entries],
        header=("HANDLE", "SIZE", "LAST USED", ""),
    )
    output.note(f"{_sum(entries)} in {cache.root}")


@command.command(
    "verify", epilog="\b\nExamples:\n  tfhub cache verify\n  tfhub cache verify acme/text/1 --repair"
)
@click.argument("handles", metavar="[HANDLE]...", nargs=-1)
@click.option("--repair", is_flag=True, help="Fetch damaged modules again.")
@options.JSON
def verify(handles: tuple[str, ...], repair: bool, as_json: bool) -> None:
    """Read all files of the cached modules and compare their digests with those of the download.

    Exit code 1 when something is wrong and was not repaired.
    """
    from tensorflow_hub.resolving.cache.verification import problems_of

    cache, results = _cache(), []
    for entry in _entries(cache, handles):
        problems = problems_of(as_module(entry))
        repaired = bool(problems) and repair and _repair(cache, entry)
        results.append({"handle": _name(entry), "problems": problems, "repaired": repaired})
        if not as_json:
            output.result(f"{_name(entry)}: {_verdict(entry, problems, repaired=repaired)}")
            for problem in problems:
                output.note(f"  {problem}")
    if as_json:
        output.result_json(results)
    elif not results:
        output.note("There is nothing to check: the cache is empty.")
    wrong = [str(result["handle"]) for result in results if result["problems"] and not result["repaired"]]
    if wrong:
        raise DigestError(
            f"Expected intact modules in the cache, got {len(wrong)} of {len(results)} that are damaged: "
            f"{', '.join(wrong)}.",
            hint="`tfhub cache clear` removes what cannot be fetched again."
            if repair
            else "Fetch them again with `tfhub cache verify --repair`.",
        )


@command.command(
    "prune",
    epilog="""\b
Examples:
  tfhub cache prune --older-than 30d
  tfhub cache prune --max-size 20GB --dry-run""",
)
@click.option(
    "--older-than", metavar="TIME", help="Remove modules that were not used for this time: 12h, 30d, 8w."
)
@click.option(
    "--max-size",
    metavar="SIZE",
    help="Remove the least recently used modules until the rest has this size: 20GB.",
)
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
@options.JSON
def prune(older_than: str | None, max_size: str | None, dry_run: bool, as_json: bool) -> None:
    """Remove incomplete and old modules, modules beyond a size, and files of interrupted downloads."""
    cache = _cache()
    going = entries_to_prune(
        list_cache(cache), older_than=_seconds(older_than), max_size=_size(max_size), now=time.time()
    )
    abandoned = abandoned_paths(cache)
    if not dry_run:
        going = [entry for entry in going if remove_unused(cache, entry)]
        for path in abandoned:
            discard(cache, path)
    if as_json:
        output.result_json({"removed": [_as_json(entry) for entry in going], "dry_run": dry_run})
        return
    for entry in going:
        output.result(f"{'would remove' if dry_run else 'removed'} {_name(entry)}, {output.size(entry.size)}")
    output.note(_sum(going))


@command.command(
    "clear", epilog="\b\nExamples:\n  tfhub cache clear acme/text/1\n  tfhub cache clear --all --yes"
)
@click.argument("handles", metavar="[HANDLE]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Remove all modules.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear(handles: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Remove modules from the cache."""
    if bool(handles) == everything:
        raise click.UsageError("Pass HANDLEs, or --all.")
    cache = _cache()
    entries = _entries(cache, handles)
    if everything and not yes:
        click.confirm(f"Remove {len(entries)} modules from {cache.root}?", abort=True, err=True)
    for entry in entries:
        remove_entry(cache, entry)
        output.result(f"removed {_name(entry)}")


@command.command("features", epilog="\b\nExamples:\n  tfhub cache features\n  tfhub cache features --clear")
@click.option("--clear", is_flag=True, help="Remove them; later runs compute them again.")
@options.JSON
def features(clear: bool, as_json: bool) -> None:
    """Show or clear the features of your examples that retrain and compare cached.

    They lie in TFHUB_FEATURE_CACHE. Above TFHUB_FEATURE_CACHE_SIZE, those that were not used for longest
    are removed automatically.
    """
    from tensorflow_hub.tools.feature_store import default_folder, make_room, used_bytes

    folder, limit = default_folder(), Settings.from_environment().feature_cache_size
    before = used_bytes(folder)
    if clear:
        make_room(folder, 0)
    size = used_bytes(folder)
    if as_json:
        output.result_json({"folder": str(folder), "size": size, "limit": limit, "cleared": before - size})
        return
    if clear:
        output.result(f"removed {output.size(before - size)}")
    output.result(f"{output.size(size)} in {folder}, of {output.size(limit)} at most")


@command.command(
    "export", epilog="\b\nExamples:\n  tfhub cache export acme/text/1 acme/image/3 -o modules.tar"
)
@click.argument("handles", metavar="HANDLE...", nargs=-1, required=True)
@click.option("-o", "--output", "path", required=True, type=click.Path(dir_okay=False), help="The bundle.")
def export(handles: tuple[str, ...], path: str) -> None:
    """Write modules to one file for a machine without a network; fetches modules that are not cached.

    Their signatures and documentation come too: card, pictures, and what their publisher measured. A hub
    there gets all of it by `tfhub mirror`. Public keys do not come: an owner there registers them with
    `tfhub keys add`.
    """
    from tensorflow_hub.copying.bundling import documentation_for_bundle, signed_module
    from tensorflow_hub.resolving.cache.bundle import export_bundle
    from tensorflow_hub.resolving.cache.layout import CachedModule
    from tensorflow_hub.resolving.resolve import resolve_module

    settings = Settings.from_environment()
    modules, documentation = [], {}
    for handle in handles:
        found = resolve_module(handle)
        if found.manifest is None:
            raise click.UsageError(
                f"Expected a handle of a hub or of another source, got your own directory {handle!r}. "
                "Copy the directory itself."
            )
        modules.append(signed_module(CachedModule(found.path, found.manifest), settings))
        name = found.manifest.handle
        documentation[name] = documentation_for_bundle(name, settings)
    export_bundle(modules, path, documentation)
    output.result(path)
    output.note(f"{output.counted(len(modules), 'module')}, {output.size(Path(path).stat().st_size)}")


@command.command(
    "import",
    epilog="""\b
Examples:
  tfhub cache import modules.tar
  tfhub cache import modules.tar | tfhub mirror --list - --hub http://hub.example""",
)
@click.argument("path", metavar="BUNDLE", type=click.Path(exists=True, dir_okay=False))
def import_command(path: str) -> None:
    """Add the modules of a bundle to the cache, after checking their digests; prints their handles."""
    from tensorflow_hub.resolving.cache.bundle import import_bundle

    settings = Settings.from_environment()
    for module in import_bundle(path, Cache.from_settings(settings), settings):
        output.result(module.manifest.handle)


def _cache() -> Cache:
    return Cache.from_settings(Settings.from_environment())


def _entries(cache: Cache, handles: tuple[str, ...]) -> list[CacheEntry]:
    return [_entry(cache, handle) for handle in handles] if handles else list_cache(cache)


def _entry(cache: Cache, handle: str) -> CacheEntry:
    """The cache entry of a handle; without a version, the entry of the latest version that was fetched."""
    settings, entry = Settings.from_environment(), find_entry(cache, handle)
    name = as_model_name(handle)
    url = handle if name is None else f"{settings.hub.rstrip('/')}/{name}"
    if entry is None and isinstance(parse_handle(url), UrlHandle):
        place = locate(url, settings)
        known = remembered(place, cache) or place
        entry = find_entry(cache, place.location.name) or find_entry(cache, known.location.name)
    if entry is None:
        raise NotFoundError(
            f"Expected {handle!r} in the cache {str(cache.root)!r}, but it is not there.",
            hint="`tfhub cache list` lists the cached modules.",
        )
    return entry


def _verdict(entry: CacheEntry, problems: Sequence[str], *, repaired: bool) -> str:
    if problems:
        return "repaired" if repaired else "WRONG"
    return "intact" if entry.digest else "complete by names and sizes; another program cached it"


def _repair(cache: Cache, entry: CacheEntry) -> bool:
    """Fetches a module again. If that fails, the cached files stay unchanged."""
    from tensorflow_hub.resolving.resolve import resolve_module

    if not entry.handle or not isinstance(parse_handle(entry.handle), UrlHandle):
        return False
    try:
        replace_entry(cache, entry, lambda: resolve_module(entry.handle))
    except HubError as problem:
        output.error(problem.problem)
        output.hint(problem.hint)
        return False
    return True


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]+)\s*([hdw])", text.strip().lower())
    if match is None:
        raise click.BadParameter(
            f"expected a time such as 12h, 30d or 8w, got {text!r}", param_hint="--older-than"
        )
    return int(match[1]) * _UNITS[match[2]]


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_size(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}, got {text!r}", param_hint="--max-size") from error


def _as_json(entry: CacheEntry) -> dict[str, object]:
    return {
        "handle": entry.handle or None,
        "path": entry.path,
        "size": entry.size,
        "files": entry.files,
        "last_used": datetime.datetime.fromtimestamp(entry.used, datetime.timezone.utc).isoformat(
            timespec="seconds"
        ),
        "complete": entry.complete,
        "digest": entry.digest,
    }


def _name(entry: CacheEntry) -> str:
    return entry.handle or Path(entry.path).name


def _state(entry: CacheEntry) -> str:
    return "" if entry.complete else "incomplete"


def _date(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def _sum(entries: Sequence[CacheEntry]) -> str:
    return f"{output.counted(len(entries), 'module')}, {output.size(sum(entry.size for entry in entries))}"
