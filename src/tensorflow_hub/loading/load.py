"""`hub.load`: from a handle to an object that can be called and trained.

For a TF2 SavedModel this is the object of `tf.saved_model.load`. A graph of TensorFlow 1 (TF1 Hub format or a
TF1 SavedModel) becomes a `ReusableModule`. Both have the Reusable SavedModel interface.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import FormatError, HubError, NotAModuleError
from tensorflow_hub.graphs.saved_model import SavedModelDirectory
from tensorflow_hub.loading.custom_ops import require_ops
from tensorflow_hub.loading.origin import record_origin
from tensorflow_hub.loading.other_formats import refuse_other_formats
from tensorflow_hub.loading.tf1.reusable_module import load_reusable
from tensorflow_hub.loading.tf2.custom_gradients import custom_gradients_of_load
from tensorflow_hub.loading.tf2.trimming import load_trimmed
from tensorflow_hub.resolving.resolve import resolve


# Not converted by AutoGraph, because a module may be loaded while a tf.function is traced for the first time.
@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
def load(
    handle: str | os.PathLike[str],
    tags: Collection[str] | str | None = None,
    options: Any = None,
    *,
    inference_only: bool = False,
) -> Any:
    """Loads a module.

    Args:
      handle: a path, a URL, or `publisher/model/version` on the configured hub.
      tags: the tags of the graph to load; a string means one tag. None means: for a module in TF1 Hub format
        the graph without tags, for another TF1 SavedModel its only graph or the one with the tag "serve".
      options: `tf.saved_model.LoadOptions`, for TF2 SavedModels.
      inference_only: whether to load only those parts of a TF2 SavedModel that inference needs: no traces for
        training, no functions of parts of the model, no custom gradients. Large networks load faster. The
        object cannot be called with `training=True`, and its gradients are those of its ops.

    Returns:
      For a TF2 SavedModel the object that `tf.saved_model.load` returns. For a graph of TensorFlow 1 a
      `ReusableModule`: calling it applies the default signature, and it has `signatures`, `variables`,
      `trainable_variables` and `regularization_losses`.

    Raises:
      ResolveError: nothing was found at the handle, or it could not be downloaded.
      NotAModuleError: there is no SavedModel in the directory, or a file of it is missing or damaged.
      FormatError: TensorFlow cannot load the SavedModel.
      TagsError: no graph has these tags.
      UnsupportedFeatureError: the graph uses an op that is not registered in this process.
      MissingDependencyError: the graph uses an op of a package that is not installed.

    Example::

        embed = hub.load("acme/text-embedding/1")
        embed(["a cat", "a dog"])  # float32 [2, 128]
    """
    tags = [tags] if isinstance(tags, str) else tags
    directory = SavedModelDirectory.read(_directory(handle))
    if directory.is_graph_of_tf1:
        loaded: Any = load_reusable(directory, tags)
    else:
        loaded = _load_tf2(directory, tags, options, inference_only)
    record_origin(loaded, handle, tags)
    return loaded


def _directory(handle: str | os.PathLike[str]) -> str:
    """The local directory of a handle. A directory with a SavedModel is returned at once."""
    if isinstance(handle, (str, os.PathLike)) and os.path.isfile(os.path.join(handle, "saved_model.pb")):
        return os.fspath(handle)
    if isinstance(handle, (str, os.PathLike)):
        refuse_other_formats(handle)
    return resolve(handle)


def _load_tf2(
    directory: SavedModelDirectory, tags: Collection[str] | None, options: Any, inference_only: bool
) -> Any:
    require_ops(directory.proto.meta_graphs, directory.path)
    directory.asset_sources()  # raises a FormatError
    tag_list = None if tags is None else sorted(tags)
    if tag_list is not None:
        directory.meta_graph(tag_list)  # raises a TagsError
    with _errors_of_loading(directory.path):
        # The init scope lifts the variables out of a function that is being traced. Otherwise each call of
        # that function would read the checkpoint again.
        with custom_gradients_of_load() as unregister_with, tf.init_scope():
            if tf.compat.v1.executing_eagerly_outside_functions():
                loaded = load_trimmed(directory, tag_list, options, inference_only=inference_only)
            else:  # variables are restored later, in a session, which needs the directory
                loaded = tf.saved_model.load(directory.path, tags=tag_list, options=options)
            unregister_with(loaded)
        loaded._is_hub_module_v1 = False  # programs read this attribute
        return loaded


@contextlib.contextmanager
def _errors_of_loading(path: str) -> Iterator[None]:
    """Converts TensorFlow's errors for missing and damaged files to errors of this library."""
    try:
        yield
    except HubError:
        raise
    except (tf.errors.NotFoundError, FileNotFoundError) as error:
        reason = error.message if isinstance(error, tf.errors.OpError) else error
        raise NotAModuleError(
            f"Expected a complete SavedModel in {path!r}, but a file is missing: {reason}",
            hint="Fetch or export the module again.",
        ) from error
    except (tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
        raise NotAModuleError(
            f"Expected readable variables in {path!r}, but they are damaged: {error.message}",
            hint="Fetch or export the module again.",
        ) from error
    except (tf.errors.InvalidArgumentError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise FormatError(
            f"Expected a SavedModel that TensorFlow can load in {path!r}, "
            f"but its graph or objects are damaged: {error}",
            hint="Fetch or export the module again. `tfhub check` shows what is in it.",
        ) from error
