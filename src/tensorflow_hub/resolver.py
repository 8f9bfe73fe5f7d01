"""The path under which programs import the cache's folder, and the bases of resolvers of their own."""

from __future__ import annotations

import abc
import os
import tempfile
from pathlib import Path

from tensorflow_hub.errors import HandleError
from tensorflow_hub.old_paths import forward
from tensorflow_hub.settings import Settings

__all__ = [
    "HttpResolverBase",
    "Resolver",
    "UnsupportedHandleError",
    "create_local_module_dir",
    "tfhub_cache_dir",
]

# The error of earlier releases for a handle that no resolver supports.
UnsupportedHandleError = HandleError

__getattr__ = forward(__name__)


def tfhub_cache_dir(default_cache_dir: str | None = None, use_temp: bool = False) -> str | None:
    """The folder of the cache in `TFHUB_CACHE_DIR` or in the flag `--tfhub_cache_dir`.

    Args:
      default_cache_dir: the folder to return if neither is set.
      use_temp: whether to return `tfhub_modules` in the temporary folder if there is no default either.

    Returns:
      The folder, or None.
    """
    chosen = Settings.from_environment().cache_dir or default_cache_dir
    if not chosen and use_temp:
        return os.path.join(tempfile.gettempdir(), "tfhub_modules")
    return chosen or None


def create_local_module_dir(cache_dir: str, module_name: str) -> str:
    """Creates the folder of a cache if it is missing, and returns the path of a module in it."""
    Path(cache_dir).mkdir(parents=True, exist_ok=True)
    return os.path.join(cache_dir, module_name)


class Resolver(abc.ABC):
    """The base of resolvers for `registry.resolver.add_implementation`."""

    @abc.abstractmethod
    def is_supported(self, handle: str) -> bool:
        """Whether the resolver supports a handle."""

    @abc.abstractmethod
    def __call__(self, handle: str) -> str:
        """The local directory of a handle that the resolver supports."""


class HttpResolverBase(Resolver):
    """The base of resolvers of URLs. Notebook services have resolvers that derive from it."""

    def is_http_protocol(self, handle: str) -> bool:
        """Whether a handle is a URL of http or https."""
        return handle.startswith(("http://", "https://"))
