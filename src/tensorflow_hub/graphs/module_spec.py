"""`hub.ModuleSpec`: a module in TF1 Hub format before it is added to a graph."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tensorflow_hub.errors import ExportError, ModuleError, TagsError
from tensorflow_hub.graphs import attachments, checkpoint, module_writer
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tensorflow_hub.graphs.reference_variables import to_resources
from tensorflow_hub.graphs.signatures import read_signature, signature_names
from tensorflow_hub.graphs.tensor_info import SignatureTensor

# The location of a module that was created in this program, as messages name it.
IN_MEMORY = "this program"


@dataclasses.dataclass(frozen=True)
class GraphVariant:
    """One graph of a module, chosen by its tags.

    Attributes:
      tags: for example `frozenset()` for inference and `frozenset({"train"})` for training.
      meta_graph: the graph with its signatures and collections, as it is stored. It must not be changed.
    """

    tags: frozenset[str]
    meta_graph: Any

    @functools.cached_property
    def graph(self) -> IndexedMetaGraph:
        """The graph with an index."""
        return IndexedMetaGraph.of(self.meta_graph)

    @functools.cached_property
    def graph_of_resources(self) -> IndexedMetaGraph:
        """The graph with resource variables instead of reference variables, which functions cannot use."""
        return IndexedMetaGraph.of(to_resources(self.meta_graph))


class ModuleSpec:
    """A module before it is added to a graph: its graph variants, assets and values of variables.

    `hub.create_module_spec`, `hub.load_module_spec` and `hub.create_module_spec_from_saved_model` return one,
    and `hub.Module` takes one. It is immutable.

    Example::

        spec = hub.load_module_spec("acme/text-embedding/1")
        spec.get_tags()  # [frozenset(), frozenset({"train"})]
        spec.get_signature_names()  # ["default"]
        spec.get_input_info_dict()["default"].get_shape()  # TensorShape([None])
    """

    def __init__(
        self,
        variants: Sequence[GraphVariant],
        assets: Mapping[str, str],
        checkpoint_prefix: str | None,
        location: str,
    ) -> None:
        """Internal. Programs call one of the functions above.

        Args:
          variants: the graphs, at least one, each with different tags.
          assets: file name under `assets/` → path of the file.
          checkpoint_prefix: of the checkpoint with the values of the variables; None if they have no values
            yet.
          location: the directory that it was read from, or `IN_MEMORY`.
        """
        self._variants = {variant.tags: variant for variant in variants}
        self._assets = dict(assets)
        self._checkpoint = checkpoint_prefix
        self._location = location
        self._plans: dict[Any, Any] = {}

    @property
    def directory(self) -> str | None:
        """The directory that it was read from; None for a module that was created in this program."""
        return None if self._location == IN_MEMORY else self._location

    def get_tags(self) -> list[frozenset[str]]:
        """Returns the set of tags of each graph variant."""
        return list(self._variants)

    def get_signature_names(self, tags: Iterable[str] | str | None = None) -> list[str]:
        """Returns the names of the signatures of a graph variant, sorted.

        Args:
          tags: which graph variant; None means the one without tags.

        Raises:
          TagsError: when no variant has these tags.
        """
        return signature_names(self._variant(tags).meta_graph)

    def get_input_info_dict(
        self, signature: str | None = None, tags: Iterable[str] | str | None = None
    ) -> dict[str, SignatureTensor]:
        """Returns the inputs of a signature.

        Args:
          signature: its name; None means `"default"`.
          tags: which graph variant; None means the one without tags.

        Returns:
          A dict from input name to an object with `.dtype`, `.get_shape()` and `.is_sparse`.

        Raises:
          TagsError: when no variant has these tags.
          SignatureError: when the variant has no such signature.
        """
        return dict(read_signature(self._variant(tags).meta_graph, signature).inputs)

    def get_output_info_dict(
        self, signature: str | None = None, tags: Iterable[str] | str | None = None
    ) -> dict[str, SignatureTensor]:
        """Returns the outputs of a signature.

        Args:
          signature: its name; None means `"default"`.
          tags: which graph variant; None means the one without tags.

        Returns:
          A dict from output name to an object with `.dtype`, `.get_shape()` and `.is_sparse`.

        Raises:
          TagsError: no variant has these tags.
          SignatureError: the variant has no such signature.
        """
        return dict(read_signature(self._variant(tags).meta_graph, signature).outputs)

    def get_attached_message(
        self, key: str, message_type: Any, tags: Iterable[str] | str | None = None, required: bool = False
    ) -> Any:
        """Returns the message that the author attached to a graph variant under a key.

        Args:
          key: the key given to `hub.attach_message`.
          message_type: the class of the message.
          tags: which graph variant; None means the one without tags.
          required: whether a missing message is an error.

        Returns:
          A `message_type`; None if there is no message under this key.

        Raises:
          TagsError: when no variant has these tags.
          MissingMessageError: when the message is required and missing; a `KeyError`.
          FormatError: when the message is of another type.
        """
        variant = self._variant(tags)
        return attachments.get(variant.meta_graph, key, message_type, required, sorted(variant.tags))

    def export(
        self,
        path: str | os.PathLike[str],
        _sentinel: None = None,
        checkpoint_path: str | None = None,
        name_transform_fn: Callable[[str], str] | None = None,
    ) -> None:
        """Writes a module directory, with the values of the variables taken from a training checkpoint.

        Args:
          path: the directory to write, which must not exist. Local, or a path that `tf.io.gfile` can write.
          checkpoint_path: a checkpoint of a model that contains the module's variables: the prefix that
            `Saver.save()` returned, or a directory, of which the latest checkpoint is used. Not needed for a
            module that was read from disk, nor for one without variables.
          name_transform_fn: function from the name of a variable in the module to its name in the checkpoint;
            by default the names are equal.

        Raises:
          ExportError: when `path` exists, or the checkpoint cannot be read or lacks a variable.

        Example::

            spec = hub.create_module_spec(module_fn)
            spec.export("/tmp/m", checkpoint_path="/tmp/train/model.ckpt-100",
                        name_transform_fn=lambda name: "encoder/" + name)
        """
        if _sentinel is not None:
            raise ModuleError(
                f"Expected the checkpoint by keyword, got {_sentinel!r} as second positional argument.",
                hint="Write spec.export(path, checkpoint_path=…).",
            )
        variables = self.stored_variables()
        source = self._checkpoint if checkpoint_path is None else os.fspath(checkpoint_path)
        if variables and source is None:
            raise ExportError(
                f"Expected checkpoint_path=… for a module with {len(variables)} variables "
                "that have no values yet.",
                hint="Train first and pass the checkpoint, or use hub.Module(spec).export(path, session).",
            )
        transform = name_transform_fn or (lambda name: name)
        self.write(path, lambda prefix: checkpoint.copy_values(str(source), prefix, variables, transform))

    def stored_variables(self) -> list[checkpoint.StoredVariable]:
        """The variables of all graph variants, each once."""
        found: dict[tuple[str, str], checkpoint.StoredVariable] = {}
        for variant in self._variants.values():
            for variable in checkpoint.stored_variables(variant.meta_graph):
                found.setdefault((variable.name, variable.slice), variable)
        return list(found.values())

    def write(self, path: str | os.PathLike[str], write_variables: Callable[[str], None]) -> None:
        """Internal: writes a module directory.

        Args:
          path: the directory to write, which must not exist.
          write_variables: called with the prefix of the checkpoint, which it has to write.
        """
        module_writer.write_module(
            os.fspath(path),
            [variant.meta_graph for variant in self._variants.values()],
            self._assets,
            write_variables if self.stored_variables() else None,
        )

    def _variant(self, tags: Iterable[str] | str | None) -> GraphVariant:
        wanted = frozenset([tags] if isinstance(tags, str) else tags or ())
        if wanted not in self._variants:
            available = sorted(sorted(tags) for tags in self._variants)
            raise TagsError(
                f"Expected the tags of a graph variant of the module, one of {available}, "
                f"got {sorted(wanted)}.",
                hint=f"Pass tags={set(available[-1])!r}." if available[-1] else "Do not pass tags.",
            )
        return self._variants[wanted]

    def _plan(self, key: Any, make: Callable[[], Any]) -> Any:
        """Calls `make` once for each key and returns its result, so that a plan is computed only once."""
        if key not in self._plans:
            self._plans[key] = make()
        return self._plans[key]

    def __repr__(self) -> str:
        return f"<hub.ModuleSpec from {self._location} with tags {sorted(map(sorted, self._variants))}>"
