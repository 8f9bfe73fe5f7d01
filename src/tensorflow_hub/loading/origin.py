"""Where loaded objects came from: the handle of a module, and the path of attributes to a part of it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ModuleError

_NOTE = "_hub_origin"


@dataclasses.dataclass(frozen=True)
class Origin:
    """What a loaded object is.

    Attributes:
      handle: of the module.
      tags: those it was loaded with, or None.
      part: the attributes, or keys, that lead from the module to the object; empty for the module itself.
      module: gives the module of a part while it lives. Functions do not keep the variables that they use:
        who goes on calling a part keeps the module too.
    """

    handle: str
    tags: tuple[str, ...] | None = None
    part: tuple[str, ...] = ()
    module: Callable[[], Any] = dataclasses.field(default=lambda: None, compare=False, repr=False)


# The modules themselves, whose attributes are those that TensorFlow gives, no more.
_modules: weakref.WeakKeyDictionary[Any, Origin] = weakref.WeakKeyDictionary()


def note_origin(loaded: Any, handle: str | os.PathLike[str], tags: Any) -> None:
    """Notes of a loaded object, and of each of its parts that can be called, where it came from."""
    origin = Origin(os.fspath(handle), None if tags is None else tuple(sorted(tags)))
    _modules[loaded] = origin
    for path, part in _parts(loaded):
        if part is not loaded and callable(part):
            note_part(part, loaded, path)


def note_part(part: Any, module: Any, path: tuple[str, ...]) -> None:
    """Notes of one part of a module where it came from."""
    origin = _modules.get(module)
    if origin is not None:
        with contextlib.suppress(AttributeError, TypeError):  # an object that takes no attributes
            # Not by `setattr`, with which TensorFlow would save the module as a part of its part.
            object.__setattr__(
                part, _NOTE, dataclasses.replace(origin, part=path, module=weakref.ref(module))
            )


def origin_of(thing: Any) -> Origin | None:
    """What a loaded object, or a part of one, was loaded from; None for what `hub.load` did not load."""
    noted: Origin | None = _attributes(thing).get(_NOTE)
    if noted is not None:
        return noted
    try:
        return _modules.get(thing)
    except TypeError:  # an object that has no hash, or no weak references
        return None


def part_of(loaded: Any, path: Sequence[str]) -> Any:
    """The part of a loaded object that attributes, or keys, lead to.

    Private attributes lead nowhere: the path may come from a file of a stranger.

    Raises:
      ModuleError: there is none.
    """
    part = loaded
    for number, name in enumerate(path):
        below = dict(_children(part))
        if name not in below:
            where = f"its part {'.'.join(path[:number])!r}" if number else "it"
            raise ModuleError(
                f"Expected a part {'.'.join(path)!r} of the module, but {where} has no {name!r}, "
                f"only {sorted(below)}.",
                hint="Pass the names of the attributes that lead to it: part='tokenize'.",
            )
        part = below[name]
    return part


def callable_parts(loaded: Any) -> list[str]:
    """The parts of an object that can be called, but not its signatures: the attributes that lead to each."""
    parts = [path for path, part in _parts(loaded) if path and callable(part) and not isinstance(part, type)]
    return [".".join(path) for path in parts if path[0] != "signatures"]


def _parts(root: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """An object and all that its attributes lead to, the nearest first, with the paths."""
    queue: list[tuple[tuple[str, ...], Any]] = [((), root)]
    seen = {id(root)}
    while queue:
        path, thing = queue.pop(0)
        yield path, thing
        if getattr(thing, "on_demand", False):
            continue  # items that are made, and noted, when they are asked for
        for name, child in _children(thing):
            is_value = isinstance(child, (tf.Variable, tf.Tensor, str, int, float))
            if id(child) not in seen and not is_value:
                seen.add(id(child))
                queue.append(((*path, name), child))


def _children(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, Mapping):
        yield from ((str(key), value) for key, value in thing.items())
    elif isinstance(thing, (list, tuple)):
        yield from ((str(number), value) for number, value in enumerate(thing))
    elif not _is_function(thing):
        yield from ((name, value) for name, value in _attributes(thing).items() if not name.startswith("_"))


def _is_function(thing: Any) -> bool:
    return hasattr(thing, "structured_input_signature") or "concrete_functions" in _attributes(thing)


def _attributes(thing: Any) -> dict[str, Any]:
    return getattr(thing, "__dict__", {})
