"""Which modules a hub runs for those who ask: none that could reach outside of its graph."""

from __future__ import annotations

from tensorflow_hub.errors import RejectedError
from tensorflow_hub.format.module.module_description import ModuleDescription

_KINDS = ("hub", "saved_model", "saved_model_2")


def check_fit_to_run(description: ModuleDescription) -> None:
    """Refuses a module that a hub does not run.

    Raises:
      RejectedError: it is no SavedModel, has ops that reach outside of the graph, or needs other packages.
    """
    if description.kind not in _KINDS:
        raise RejectedError(
            f"A hub runs SavedModels and TF1 Hub modules, not a model of the kind {description.kind!r}.",
            hint="Download it and run it yourself.",
        )
    if description.unsafe_ops:
        found = ", ".join(f"{op} ({what})" for op, what in sorted(description.unsafe_ops.items())[:5])
        raise RejectedError(
            f"The hub does not run this module: it has ops that reach outside of the graph: {found}.",
            hint="Download it, and run it where you trust it.",
        )
    if description.custom_ops:
        names = ", ".join(description.custom_ops[:5])
        raise RejectedError(
            f"The hub does not run this module: it has ops that are not of TensorFlow: {names}.",
            hint="Download it, and run it with the packages that its page names.",
        )
