"""The origin of loaded objects: the handle of the module, and the attribute path of a part of it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ModuleError

_ATTRIBUTE = "_hub_origin"


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where an object was loaded from.

    Attributes:
      handle: the handle of the module.
      tags: the tags that it was loaded with, or None.
      part: the path of attributes (or keys) from the module to the object; empty for the module itself.
      module: a weak reference: returns the module of a part, or None after the module was deleted. Functions
        have only weak references to their variables, so a program that calls a part has to keep the module.
    """

    handle: str
    tags: tuple[str, ...] | None = None
    part: tuple[str, ...] = ()
    module: Callable[[], Any] = dataclasses.field(default=lambda: None, compare=False, repr=False)


# A table, and not an attribute of the module, so that the object is the same as that of TensorFlow.
_modules: weakref.WeakKeyDictionary[Any, Origin] = weakref.WeakKeyDictionary()


def record_origin(loaded: Any, handle: str | os.PathLike[str], tags: Any) -> None:
    """Records the origin of a loaded object and of each callable part of it."""
    origin = Origin(os.fspath(handle), None if tags is None else tuple(sorted(tags)))
    _modules[loaded] = origin
    for path, part in _parts(loaded):
        if part is not loaded and callable(part):
            record_origin_of_part(part, loaded, path)


def record_origin_of_part(part: Any, module: Any, path: tuple[str, ...]) -> None:
    """Records the origin of one part of a module."""
    origin = _modules.get(module)
    if origin is not None:
        with contextlib.suppress(AttributeError, TypeError):  # an object without attributes
            # With `setattr` TensorFlow would track the value, and save the whole module with each part.
            object.__setattr__(
                part, _ATTRIBUTE, dataclasses.replace(origin, part=path, module=weakref.ref(module))
            )


def origin_of(thing: Any) -> Origin | None:
    """The origin of a loaded object or part; None for an object that `hub.load` did not load."""
    recorded: Origin | None = _attributes(thing).get(_ATTRIBUTE)
    if recorded is not None:
        return recorded
    try:
        return _modules.get(thing)
    except TypeError:  # an object without hash or weak references
        return None


def part_of(loaded: Any, path: Sequence[str]) -> Any:
    """The part of a loaded object at a path of attributes or keys.

    Private attributes cannot be used, because the path may come from an untrusted file.

    Args:
      loaded: an object that `hub.load` returned.
      path: names of attributes, keys of dicts, or indexes of lists as text.

    Raises:
      ModuleError: there is no such part; the message lists the attributes.
    """
    part = loaded
    for number, name in enumerate(path):
        children = dict(_children(part))
        if name not in children:
            where = f"its part {'.'.join(path[:number])!r}" if number else "it"
            raise ModuleError(
                f"Expected a part {'.'.join(path)!r} of the module, but {where} has no attribute {name!r}, "
                f"only {sorted(children)}.",
                hint="Pass names of attributes: part='tokenize', or part='bert.tokenize'.",
            )
        part = children[name]
    return part


def callable_parts(loaded: Any) -> list[str]:
    """The attribute paths (`bert.tokenize`) of the callable parts of an object, except signatures."""
    parts = [path for path, part in _parts(loaded) if path and callable(part) and not isinstance(part, type)]
    return [".".join(path) for path in parts if path[0] != "signatures"]


def _parts(root: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """An object and all objects that its attributes reference, with their paths, breadth first."""
    queue: list[tuple[tuple[str, ...], Any]] = [((), root)]
    seen = {id(root)}
    while queue:
        path, thing = queue.pop(0)
        yield path, thing
        if getattr(thing, "on_demand", False):
            continue  # a lazy dict: `signature_function` of a ReusableModule records the origin of its items
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
