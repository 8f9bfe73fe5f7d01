"""The check whether a hub runs a module for visitors: it must not have effects outside of its graph."""

from __future__ import annotations

from tensorflow_hub.errors import RejectedError
from tensorflow_hub.format.module.module_description import ModuleDescription

_KINDS = ("hub", "saved_model", "saved_model_2")


def check_runnable(description: ModuleDescription) -> None:
    """Checks that a hub can run a module.

    Raises:
      RejectedError: the module is not a SavedModel, has ops with effects outside of the graph, or needs other
        packages.
    """
    if description.kind not in _KINDS:
        raise RejectedError(
            f"Expected a SavedModel or TF1 Hub module, which a hub runs, got a model of the kind "
            f"{description.kind!r}.",
            hint="Download it and run it yourself.",
        )
    if description.unsafe_ops:
        found = ", ".join(f"{op} ({what})" for op, what in sorted(description.unsafe_ops.items())[:5])
        raise RejectedError(
            f"Expected a module without effects outside of its graph, which a hub runs, got the ops {found}.",
            hint="Download it, and run it yourself if you trust it.",
        )
    if description.custom_ops:
        names = ", ".join(description.custom_ops[:5])
        raise RejectedError(
            f"Expected a module with ops of TensorFlow only, which a hub runs, got the ops {names}.",
            hint="Download it, and run it yourself with the packages that its page lists.",
        )
