"""TensorFlow Hub: author, share, re-use and fine-tune pieces of models.

    import tensorflow_hub as hub

The names below are imported when they are first used, so that `import tensorflow_hub` is fast and
imports no TensorFlow.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from tensorflow_hub import keras_registration as _keras_registration

__version__ = "1.0.0.dev0"

# Public name → the module of this package that defines it.
_EXPORTS: dict[str, str] = {
    # format
    "ImageModuleInfo": "format.module.image_info",
    "check_interface": "checking",
    # the TF1 Hub format: authoring
    "ModuleSpec": "graphs.module_spec",
    "add_signature": "exporting.signatures",
    "attach_image_module_info": "exporting.attachments",
    "attach_message": "exporting.attachments",
    "create_module_spec": "exporting.authoring",
    # the TF1 Hub format: consuming
    "Module": "loading.tf1.module",
    "create_module_spec_from_saved_model": "loading.tf1.module_reader",
    "eval_function_for_module": "loading.tf1.eval_function",
    "get_expected_image_size": "graphs.images",
    "get_num_image_channels": "graphs.images",
    "image_embedding_column": "loading.feature_columns.images",
    "load_module_spec": "loading.tf1.module_reader",
    "sparse_text_embedding_column": "loading.feature_columns.text",
    "text_embedding_column": "loading.feature_columns.text",
    "text_embedding_column_v2": "loading.feature_columns.text",
    # the TF1 Hub format: Estimators
    "LatestModuleExporter": "exporting.estimator_exporter",
    "register_module_for_export": "exporting.estimator_exporter",
    # resolving
    "register_source": "resolving.sources.table",
    "resolve": "resolving.resolve",
    # hub
    "publish": "client.publishing",
    "search": "client.searching",
    # errors
    "HubError": "errors",
    # loading and training
    "KerasLayer": "keras_layer",
    "endpoint_names": "loading.endpoints",
    "export_keras_application": "exporting.keras_applications",
    "export_keras_model": "exporting.keras_model",
    "load": "loading.load",
    "save": "exporting.saving",
    "with_endpoints": "loading.endpoints",
}

__all__ = ["__version__", *sorted(_EXPORTS)]  # noqa: PLE0604


# Subpackages that are part of the interface under their own name, imported when first used.
_SUBPACKAGES = frozenset({"beam", "keras_layer", "spark", "tools"})

# Modules under which programs of earlier releases import, or patch, names; see `old_paths`.
_OLD_PATHS = frozenset(
    {
        "config",
        "estimator",
        "feature_column",
        "image_util",
        "module",
        "module_spec",
        "module_v2",
        "native_module",
        "registry",
        "resolver",
        "saved_model_lib",
        "tf_utils",
        "version",
    }
)


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES or name in _OLD_PATHS:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "KerasLayer":  # which class it is depends on the Keras that the using file imports
        from tensorflow_hub.keras_layer.keras_version import layer_class

        return layer_class(sys._getframe(1))
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS, *_SUBPACKAGES})


if "absl.flags" in sys.modules:  # a program with absl flags gets ours too
    importlib.import_module(f"{__name__}.settings").define_flags()


_keras_registration.enter()
