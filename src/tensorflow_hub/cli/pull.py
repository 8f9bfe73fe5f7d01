"""`tfhub pull`: fetch modules into the cache."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.errors import CacheError
from tensorflow_hub.resolving.resolve import ResolvedModule, resolve_module


@click.command(
    "pull",
    epilog="""\b
Examples:
  tfhub pull acme/text-embedding/1
  tfhub pull https://hub.example/acme/text-embedding --json
  tfhub pull acme/text-embedding/1 --to ./module
  tfhub pull https://tfhub.dev/google/elmo/3 kaggle://google/yamnet/tensorFlow2/yamnet/1""",
)
@click.argument("handles", metavar="HANDLE...", nargs=-1, required=True)
@click.option("--to", "target", type=click.Path(), help="Copy the module into this new directory.")
@options.JSON
def command(handles: tuple[str, ...], target: str | None, as_json: bool) -> None:
    """Fetch modules into the cache and print where they are.

    A HANDLE is publisher/model/version on the hub in TFHUB_URL, a URL, kaggle://…, hf://…, gs://… or s3://…,
    or the path of an archive. URLs of tfhub.dev may ask for other deployments (?lite-format=tflite,
    ?tfjs-format=compressed): their files come in a directory. What is in the cache already is not fetched
    again.
    """
    if target is not None and len(handles) > 1:
        raise click.UsageError("--to takes one HANDLE.")
    found = [resolve_module(handle) for handle in handles]
    if target is not None:
        found = [_copy(found[0], target)]
    if as_json:
        output.result_json([_as_json(module) for module in found])
        return
    for module in found:
        output.note(f"{module.handle}: {_ORIGINS[module.origin]}")
        output.result(module.path)


_ORIGINS = {"local": "is a directory here", "cache": "was in the cache", "download": "fetched"}


def _copy(module: ResolvedModule, target: str) -> ResolvedModule:
    place = Path(target).resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".pull-", dir=place.parent) as unfinished:
            if place.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            shutil.copytree(module.path, Path(unfinished, "module"))
            Path(unfinished, "module").rename(place)
    except (OSError, shutil.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CacheError(
            f"Expected to be able to copy the module to {target!r}, got the error: {reason}.",
            hint="Pass a directory that does not exist.",
        ) from error
    return ResolvedModule(module.handle, str(place), module.origin, module.manifest)


def _as_json(module: ResolvedModule) -> dict[str, object]:
    manifest = module.manifest
    return {
        "handle": module.handle,
        "path": module.path,
        "origin": module.origin,
        "source": manifest.source if manifest else None,
        "digest": manifest.digest if manifest else None,
        "size": manifest.size if manifest else None,
    }
