"""The signatures of a graph: the inputs and outputs of each, and the tensors of the graph for them."""

from __future__ import annotations

import dataclasses
import keyword
import re
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import SignatureError
from tensorflow_hub.format.module.default_signature import DEFAULT
from tensorflow_hub.graphs.tensor_info import SignatureTensor, read_tensor_info

_NAME_OF_OP = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")


@dataclasses.dataclass(frozen=True)
class Signature:
    """One signature of a graph.

    Attributes:
      inputs: the inputs by name.
      outputs: the outputs by name.
    """

    inputs: Mapping[str, SignatureTensor]
    outputs: Mapping[str, SignatureTensor]

    @property
    def input_specs(self) -> dict[str, Any]:
        """The `tf.TypeSpec` of each input."""
        return {name: info.type_spec for name, info in self.inputs.items()}

    @property
    def input_tensors(self) -> list[str]:
        """The names of the tensors of the graph that are fed with the inputs."""
        return [tensor for info in self.inputs.values() for tensor in info.names]

    @property
    def output_tensors(self) -> list[str]:
        """The names of the tensors of the graph that the outputs consist of."""
        return [tensor for info in self.outputs.values() for tensor in info.names]

    def arguments(self) -> dict[str, tuple[str, tf.TensorSpec]]:
        """The arguments of a Python function for this signature: name → (tensor to feed, its spec).

        The argument for a dense input has the name of the input, as far as it can be the name of a Python
        parameter (`_parameter_name`). A sparse input has the arguments `<name>_indices`, `<name>_values` and
        `<name>_dense_shape`, a ragged input `<name>_component_<i>`. If two names become equal, a number is
        added. The name of the spec is the one in the signature if an op can have it. TensorFlow accepts this
        name as a keyword of the call too, such as `class`, and saves it.
        """
        parts = [
            part
            for name, info in self.inputs.items()
            for part in zip(info.component_names(name), info.names, info.component_specs(), strict=True)
        ]
        arguments = self._argument_names()
        found = {}
        for part, tensor, spec in parts:
            argument = arguments[part]
            label = part if _NAME_OF_OP.fullmatch(part) else argument
            found[argument] = tensor, tf.TensorSpec(spec.shape, spec.dtype, label)
        return dict(sorted(found.items()))

    def components(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Splits the inputs of a call into dense tensors, by the names of `arguments`.

        Args:
          values: input name → dense, sparse or ragged tensor.
        """
        arguments = self._argument_names()
        parts: dict[str, Any] = {}
        for name, info in self.inputs.items():
            named = zip(info.component_names(name), info.unpack(values[name]), strict=True)
            parts |= {arguments[part]: tensor for part, tensor in named}
        return parts

    def _argument_names(self) -> dict[str, str]:
        """Name of an input or of its component → name of the argument."""
        parts = [part for name, info in self.inputs.items() for part in info.component_names(name)]
        names: dict[str, str] = {}
        for part in sorted(parts, key=lambda part: (not part.isidentifier(), part)):
            argument = plain = _parameter_name(part)
            number = 0
            while argument in names.values():  # such as for the inputs `a-b` and `a_b`
                number += 1
                argument = f"{plain}_{number}"
            names[part] = argument
        return names

    def assemble(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Builds the outputs of a call from dense tensors.

        Args:
          tensors: name of a tensor of the graph → value.

        Returns:
          Output name → dense, sparse or ragged tensor.
        """
        return {
            name: info.pack([tensors[part] for part in info.names]) for name, info in self.outputs.items()
        }


def _parameter_name(name: str) -> str:
    """The name of the Python parameter for an input, made as `tf.function` converts the keywords of a call.

    Other characters than letters and digits become `_`, `arg_` comes before a name without a letter at its
    beginning, and `_` after a keyword of Python: `a-b` → `a_b`, `1st` → `arg_1st`, `class` → `class_`.
    """
    plain = "".join(sign if f"a{sign}".isidentifier() else "_" for sign in name)
    plain = plain if plain[:1].isalpha() else f"arg_{plain}"
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def signature_names(meta_graph: Any) -> list[str]:
    """The names of the signatures of a MetaGraphDef, sorted, without internal ones of TensorFlow."""
    return sorted(name for name in meta_graph.signature_def if not name.startswith("__saved_model"))


def signatures_of(meta_graph: Any) -> dict[str, Signature]:
    """The signatures of a MetaGraphDef by name."""
    return {name: read_signature(meta_graph, name) for name in signature_names(meta_graph)}


def read_signature(meta_graph: Any, name: str | None) -> Signature:
    """One signature of a MetaGraphDef.

    Args:
      meta_graph: the graph.
      name: the name of the signature; None means `"default"`.

    Raises:
      SignatureError: the graph has no such signature.
    """
    name = DEFAULT if name is None else name
    if name not in meta_graph.signature_def:
        raise SignatureError(
            f"Expected one of the signatures {signature_names(meta_graph)}, got {name!r}.",
            hint="Pass signature=…; `tfhub show` lists the signatures of a published module.",
        )
    definition = meta_graph.signature_def[name]
    inputs, outputs = (
        {key: read_tensor_info(info) for key, info in sorted(infos.items())}
        for infos in (definition.inputs, definition.outputs)
    )
    return Signature(inputs, outputs)
