"""The arguments of a `KerasLayer`, without those of every Keras layer."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.errors import InputError, ModeError, ModuleError
from tensorflow_hub.loading.origin import Origin, callable_parts, origin_of


@dataclasses.dataclass(frozen=True)
class LayerOptions:
    """The arguments of a `KerasLayer`; `keras_layer/docstring.py` describes them."""

    handle: Any
    trainable: Any = False
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tags: Any = None
    signature: str | None = None
    signature_outputs_as_dict: bool | None = None
    output_key: str | None = None
    output_shape: Any = None
    load_options: Any = None
    endpoints: tuple[str, ...] = ()
    part: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.signature_outputs_as_dict and self.output_key is not None:
            raise ModuleError(
                "Expected signature_outputs_as_dict=True or output_key=…, got both "
                f"(output_key={self.output_key!r}).",
                hint="Pass only one of them.",
            )
        if self.part and not self.has_string_handle:
            raise InputError(
                f"Expected part=… with a handle (a string), got part={self.part!r} with {self.handle!r}.",
                hint="Pass the part itself: hub.KerasLayer(loaded.tokenize).",
            )
        if not (callable(self.handle) or self.has_string_handle):
            if hasattr(self.handle, "signatures"):
                return  # an object with signatures only: the argument `signature` is checked later
            parts = callable_parts(self.handle)
            raise InputError(
                f"Expected a handle (a string) or a callable object, got {self.handle!r:.200}.",
                hint=f"Pass one of the parts of it that can be called: {parts[:20]}."
                if parts
                else "Pass a path, a URL, publisher/model/version, or what hub.load() returned.",
            )

    @classmethod
    def checked(cls, sentinel: Any, **arguments: Any) -> LayerOptions:
        """Checks the arguments of a `KerasLayer`.

        Args:
          sentinel: the fourth positional argument, which has to be None: later arguments are keyword-only.
          **arguments: the arguments of `KerasLayer`, without those of every Keras layer.

        Raises:
          InputError, ModuleError: an argument is not valid, or two exclude each other.
        """
        if sentinel is not None:
            raise InputError(
                f"Expected the options after `arguments` by keyword, got {sentinel!r} by position.",
                hint="Write KerasLayer(handle, trainable=…, signature=…).",
            )
        tags, endpoints, part = (arguments[name] for name in ("tags", "endpoints", "part"))
        return cls(
            **arguments
            | {
                "trainable": checked_trainable(arguments["trainable"]),
                "arguments": arguments["arguments"] or {},
                "tags": [tags] if isinstance(tags, str) else tags,
                "endpoints": (endpoints,) if isinstance(endpoints, str) else tuple(endpoints),
                "part": tuple(part.split(".")) if isinstance(part, str) else tuple(part),
            }
        )

    @property
    def has_string_handle(self) -> bool:
        """Whether the user passed a handle, and not an object."""
        return isinstance(self.handle, (str, os.PathLike))

    @property
    def name(self) -> str:
        """The name of the module for messages: its handle, also for an object that `hub.load` returned."""
        origin = origin_of(self.handle)
        if origin is None:
            return repr(self.handle)
        return f"{origin.handle!r}" + (f", part {'.'.join(origin.part)!r}" if origin.part else "")

    @property
    def is_trainable(self) -> bool:
        """Whether the layer is trainable at first. True if a pattern or function selects variables."""
        return self.trainable if isinstance(self.trainable, bool) else True

    def is_selected(self, variable: Any) -> bool:
        """Whether the argument `trainable` selects a trainable variable of the module."""
        if isinstance(self.trainable, bool):
            return True
        if isinstance(self.trainable, str):
            return re.search(self.trainable, variable.name) is not None
        return bool(self.trainable(variable))

    def config(self, trainable: bool) -> dict[str, Any]:
        """The arguments for the configuration of the layer.

        An object of `hub.load`, or a part of one, is replaced by the handle that it was loaded from.

        Raises:
          ModeError: the layer was created from another object, or selects variables with a function.
        """
        origin = Origin(os.fspath(self.handle), self.tags, self.part) if self.has_string_handle else None
        origin = origin or origin_of(self.handle)
        if origin is None:
            raise ModeError(
                "Expected a layer created from a handle (a string) or from an object of hub.load, "
                f"got one created from {self.handle!r}.",
                hint="Save the object with hub.save(…) and create the layer from its path.",
            )
        if not isinstance(self.trainable, (bool, str)):
            raise ModeError(
                "Expected trainable as True, False or a pattern of variable names, which can be saved, "
                f"got {self.trainable!r}.",
                hint="Use a pattern: trainable='block_1[0-9]/'.",
            )
        config: dict[str, Any] = {"handle": origin.handle}
        optional = {
            "trainable": self.trainable if isinstance(self.trainable, str) and trainable else None,
            "arguments": dict(self.arguments) or None,
            "part": list(origin.part) or None,
            "tags": sorted(origin.tags) if origin.tags is not None else None,
            "signature": self.signature,
            "signature_outputs_as_dict": self.signature_outputs_as_dict,
            "output_key": self.output_key,
            "output_shape": self.output_shape,
            "endpoints": list(self.endpoints) or None,
        }
        return config | {key: value for key, value in optional.items() if value is not None}


def checked_trainable(trainable: Any) -> Any:
    """Checks and returns the argument `trainable`.

    Raises:
      InputError: it is not a bool, a valid pattern or a function.
    """
    if isinstance(trainable, str):
        try:
            re.compile(trainable)
        except re.error as error:
            raise InputError(
                f"Expected a regular expression of variable names as trainable, got {trainable!r}: {error}.",
                hint="Pass for example trainable='block_1[0-9]/'.",
            ) from error
        return trainable
    if isinstance(trainable, (int, bool)) and trainable in {0, 1}:
        return bool(trainable)
    if callable(trainable):
        return trainable
    raise InputError(
        "Expected trainable as True, False, a pattern of variable names or a function of a variable, "
        f"got {trainable!r}.",
        hint="Pass for example trainable=True, or trainable='block_1[0-9]/'.",
    )
