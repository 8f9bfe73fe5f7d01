"""A directory that is filled out of sight and appears in the cache when it is complete.

`<root>/.tfhub/staging/<key>/files` becomes `<root>/<key>` in one rename. What a killed process left there
is found by the next one that has the lease; who works without an exclusive lease has a directory of its own.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable

from tensorflow_hub.errors import DownloadError, HubError, UnreachableError
from tensorflow_hub.resolving.cache import Cache, CachedModule, cache_error, discard, key_of
from tensorflow_hub.resolving.lease import lease
from tensorflow_hub.resolving.manifest import Manifest


def staged_install(cache: Cache, handle: str, fill: Callable[[str], Manifest]) -> tuple[CachedModule, str]:
    """Makes a handle's module appear in the cache, once, whoever else is at it.

    Args:
      cache: where.
      handle: what; names the directory.
      fill: given the staging directory, puts the module into its folder `files` and returns the manifest.

    Returns:
      The module, and "download" when this call brought it or "cache" when another did meanwhile.

    Raises:
      CacheError: the cache cannot be written, for example because the disk is full; nothing stays behind.
    """
    lock = cache.work_path("locks", f"{key_of(handle)}.lock")
    try:
        with lease(lock, lambda: cache.find(handle) is not None) as held:
            found = cache.find(handle)
            if found is not None:
                return found, "cache"
            name = (
                key_of(handle)
                if held is not None and held.exclusive
                else f"{key_of(handle)}.{uuid.uuid4().hex}"
            )
            staging = cache.work_path("staging", name)
            try:
                found = _fill_and_install(cache, staging, fill, keep="." not in name)
            except HubError:
                found = cache.find(handle)
                if found is None:
                    raise
                return found, "cache"  # another process was luckier
        if cache.remote and found.manifest.source != cache.remote:
            from tensorflow_hub.resolving.remote_cache import put_to_remote

            put_to_remote(cache.remote, found)
        return found, "download"
    except OSError as error:
        if isinstance(error, HubError):
            raise
        raise cache_error(error, cache.root) from error


def _fill_and_install(
    cache: Cache, staging: str, fill: Callable[[str], Manifest], *, keep: bool
) -> CachedModule:
    try:
        os.makedirs(staging, exist_ok=True)
        manifest = fill(staging)
        installed = cache.install(os.path.join(staging, "files"), manifest)
    except (DownloadError, UnreachableError, KeyboardInterrupt, SystemExit):
        if not keep:  # else the next one goes on where this one was interrupted
            discard(cache, staging)
        raise
    except BaseException:
        discard(cache, staging)
        raise
    discard(cache, staging)
    return installed
