"""What a `KerasLayer` was asked for: all but Keras' own arguments."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.errors import InputError, ModeError, ModuleError


@dataclasses.dataclass(frozen=True)
class LayerOptions:
    """The arguments of a `KerasLayer`; see there for what each means."""

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

    def __post_init__(self) -> None:
        if self.signature_outputs_as_dict and self.output_key is not None:
            raise ModuleError(
                "Expected signature_outputs_as_dict=True or output_key=…, got both "
                f"(output_key={self.output_key!r}).",
                hint="Leave one of them out.",
            )
        if not (callable(self.handle) or self.has_string_handle):
            if hasattr(self.handle, "signatures"):
                return  # an object with signatures only; which of them is asked for is checked later
            raise InputError(
                f"Expected a handle (a string) or a callable object, got {self.handle!r}.",
                hint="Pass a path, a URL, publisher/model/version, or what hub.load() returned.",
            )

    @property
    def has_string_handle(self) -> bool:
        """Whether the module was named, not given as an object."""
        return isinstance(self.handle, (str, os.PathLike))

    @property
    def is_trainable(self) -> bool:
        """Whether the layer starts out trainable; a choice of variables means yes."""
        return self.trainable if isinstance(self.trainable, bool) else True

    def chosen(self, variable: Any) -> bool:
        """Whether a trainable variable of the module is one that the layer may train."""
        if isinstance(self.trainable, bool):
            return True
        if isinstance(self.trainable, str):
            return re.search(self.trainable, variable.name) is not None
        return bool(self.trainable(variable))

    def config(self, trainable: bool) -> dict[str, Any]:
        """The options as the values of a Keras configuration.

        Raises:
          ModeError: the layer was made from an object, or chooses variables by a function.
        """
        if not self.has_string_handle:
            raise ModeError(
                f"Expected a layer made from a handle (a string), got one made from {self.handle!r}.",
                hint="Save the object with hub.save(…) and make the layer from that path.",
            )
        if not isinstance(self.trainable, (bool, str)):
            raise ModeError(
                "Expected trainable as True, False or a pattern of variable names, which can be saved, "
                f"got {self.trainable!r}.",
                hint="Write the choice as a pattern: trainable='block_1[0-9]/'.",
            )
        config: dict[str, Any] = {"handle": os.fspath(self.handle)}
        optional = {
            "trainable": self.trainable if isinstance(self.trainable, str) and trainable else None,
            "arguments": dict(self.arguments) or None,
            "tags": sorted(self.tags) if self.tags is not None else None,
            "signature": self.signature,
            "signature_outputs_as_dict": self.signature_outputs_as_dict,
            "output_key": self.output_key,
            "output_shape": self.output_shape,
            "endpoints": list(self.endpoints) or None,
        }
        return config | {key: value for key, value in optional.items() if value is not None}


def checked_trainable(trainable: Any) -> Any:
    """The argument `trainable`, when it is one.

    Raises:
      InputError: it is neither a bool, a valid pattern nor a function.
    """
    if isinstance(trainable, str):
        try:
            re.compile(trainable)
        except re.error as error:
            raise InputError(
                f"Expected a regular expression of variable names as trainable, got {trainable!r}: {error}.",
                hint="For example trainable='block_1[0-9]/'.",
            ) from error
        return trainable
    if isinstance(trainable, (int, bool)) and trainable in {0, 1}:
        return bool(trainable)
    if callable(trainable):
        return trainable
    raise InputError(
        "Expected trainable as True, False, a pattern of variable names or a function of a variable, "
        f"got {trainable!r}.",
        hint="For example trainable=True, or trainable='block_1[0-9]/'.",
    )
