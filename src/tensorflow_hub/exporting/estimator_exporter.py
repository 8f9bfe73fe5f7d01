"""Exporting modules while an Estimator trains: `hub.LatestModuleExporter`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ExportError, MissingDependencyError, ModuleError
from tensorflow_hub.graphs import module_directory as layout

try:
    from tensorflow_estimator.python.estimator.api._v1.estimator import Exporter as _Exporter

    _HAS_ESTIMATOR = True
except ImportError:
    _Exporter = object
    _HAS_ESTIMATOR = False

# A graph collection of pairs (name, module).
_REGISTERED = ("__tensorflow_hub_modules_for_export",)
_PREDICT = "infer"  # tf.estimator.ModeKeys.PREDICT


def register_module_for_export(module: Any, export_name: str) -> None:
    """Registers a module of the current graph, so that `hub.LatestModuleExporter` exports it.

    Call it in the model_fn of an Estimator, at least in mode PREDICT.

    Args:
      module: a `hub.Module`.
      export_name: the name of the directory of the exported module. Its parent directory is named by the time
        of the export.

    Raises:
      ModuleError: the name cannot be that of a directory, or is registered already.

    Example::

        def model_fn(features, labels, mode):
            embed = hub.Module("acme/text-embedding/1", trainable=True)
            hub.register_module_for_export(embed, "text_embedding")
            ...
    """
    if (
        not isinstance(export_name, str)
        or not export_name
        or export_name in (".", "..")
        or "/" in export_name
    ):
        raise ModuleError(
            f"Expected the name of a directory as export_name, got {export_name!r}.",
            hint="Write for example hub.register_module_for_export(module, 'text_embedding').",
        )
    registered = tf.compat.v1.get_collection_ref(_REGISTERED)
    if any(name == export_name for name, _ in registered):
        raise ModuleError(
            f"Expected a new export_name, got {export_name!r}, which is registered already.",
            hint="Give each module another name.",
        )
    registered.append((export_name, module))


class LatestModuleExporter(_Exporter):  # type: ignore[misc]
    """Exports the registered modules of an Estimator each time it is evaluated, and keeps the latest exports.

    It needs tensorflow-estimator, which is part of TensorFlow up to 2.15.

    Example::

        exporter = hub.LatestModuleExporter("tf_hub", serving_input_fn)
        tf.estimator.train_and_evaluate(
            estimator, tf.estimator.TrainSpec(...), tf.estimator.EvalSpec(..., exporters=exporter))
        # <model_dir>/export/tf_hub/<seconds since 1970>/<export name>/
    """

    def __init__(
        self, name: str, serving_input_fn: Callable[[], Any], exports_to_keep: int | None = 5
    ) -> None:
        """Creates an exporter.

        Args:
          name: the name of the directory of all exports, in `<model_dir>/export/`.
          serving_input_fn: returns the features for the model_fn in mode PREDICT, as a ServingInputReceiver
            or a tuple (features, …). The graph is built, but no prediction is made.
          exports_to_keep: how many of the latest exports to keep; None means all.

        Raises:
          MissingDependencyError: tensorflow-estimator is not installed.
          ModuleError: exports_to_keep is not positive.
        """
        if not _HAS_ESTIMATOR:
            raise MissingDependencyError(
                f"Expected TensorFlow with tensorflow-estimator, got TensorFlow {tf.__version__} without it.",
                hint="Use TensorFlow 2.15 with tensorflow-estimator 2.15, or Module.export(path, session).",
            )
        if exports_to_keep is not None and exports_to_keep < 1:
            raise ModuleError(
                f"Expected a positive number of exports_to_keep, got {exports_to_keep}.",
                hint="Pass None to keep all exports.",
            )
        self._name = name
        self._serving_input_fn = serving_input_fn
        self._exports_to_keep = exports_to_keep

    @property
    def name(self) -> str:
        """The name of the directory of all exports."""
        return self._name

    def export(
        self,
        estimator: Any,
        export_path: str | os.PathLike[str],
        checkpoint_path: str | None = None,
        eval_result: Any = None,
        is_the_final_export: bool | None = None,
    ) -> str | None:
        """Exports the modules that the model_fn registers, with the values of a checkpoint.

        Args:
          estimator: a `tf.estimator.Estimator`.
          export_path: the directory of all exports.
          checkpoint_path: the checkpoint; None means the latest of the Estimator.
          eval_result: not used.
          is_the_final_export: not used.

        Returns:
          The directory of this export, named by the time in seconds; None if no module is registered.

        Raises:
          ExportError: there is no checkpoint, or the directory cannot be written.
        """
        del eval_result, is_the_final_export
        checkpoint_path = checkpoint_path or estimator.latest_checkpoint()
        if checkpoint_path is None:
            raise ExportError(
                f"Expected a checkpoint in {estimator.model_dir!r}, but there is none.",
                hint="Train the Estimator first.",
            )
        export_path = os.fspath(export_path)
        with tf.Graph().as_default():
            scaffold = self._build(estimator)
            modules = list(tf.compat.v1.get_collection(_REGISTERED))
            if not modules:
                return None
            saver = getattr(scaffold, "saver", None) or tf.compat.v1.train.Saver()
            with tf.compat.v1.Session() as session:
                saver.restore(session, checkpoint_path)
                target = _write(modules, export_path, session)
        self._remove_old(export_path)
        return target

    def _build(self, estimator: Any) -> Any:
        """Builds the graph for prediction and returns the Scaffold of the model_fn."""
        received = self._serving_input_fn()
        features = getattr(received, "features", None)
        tf.compat.v1.train.get_or_create_global_step()
        spec = estimator.model_fn(
            features=received[0] if features is None else features,
            labels=None,
            mode=_PREDICT,
            config=estimator.config,
        )
        return getattr(spec, "scaffold", None)

    def _remove_old(self, export_path: str) -> None:
        if self._exports_to_keep is None:
            return
        exports = sorted(
            int(n.rstrip("/")) for n in tf.io.gfile.listdir(export_path) if n.rstrip("/").isdigit()
        )
        for number in exports[: -self._exports_to_keep]:
            tf.io.gfile.rmtree(layout.join(export_path, str(number)))


def _write(modules: list[tuple[str, Any]], parent: str, session: tf.compat.v1.Session) -> str:
    target = _new_time_directory(parent)
    with layout.new_directory(target) as directory:
        for name, module in modules:
            module.export(layout.join(directory, name), session)
    return target


def _new_time_directory(parent: str) -> str:
    """The path of a new directory, named by the time in seconds."""
    seconds = int(time.time())
    while tf.io.gfile.exists(layout.join(parent, str(seconds))):
        seconds += 1
    return layout.join(parent, str(seconds))
