"""Python programs that use a SavedModel, with example inputs. They run without changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.format.kinds.example_values import (
    is_tensor,
    python_value,
    python_values,
    tensors_in,
)
from tensorflow_hub.format.kinds.kind import Snippet
from tensorflow_hub.format.module.default_signature import default_signature

_LOAD, _KERAS, _TF1 = "Python: hub.load", "Keras: hub.KerasLayer", "TF1 graphs: hub.Module"


def snippets(url: str, form: str, description: Mapping[str, Any]) -> list[Snippet]:
    """Programs that use a SavedModel.

    Args:
      url: the URL of the version.
      form: the format: `"hub"`, `"saved_model"` or `"saved_model_2"`.
      description: the description of its files. If it is empty, because the hub does not have the files, the
        programs load the module and do not call it.
    """
    if form == "hub":
        return _hub(url, description)
    tags = "" if form == "saved_model_2" else f", tags={_tags(description, ['serve'])}"
    call = _object_call(description) if form == "saved_model_2" else ""
    load = f'model = hub.load("{url}"{tags})' + _line(call or _signature_call(description))
    found = [_python(_LOAD, load, description)]
    if form == "saved_model_2":
        found.append(_python(_KERAS, _keras_layer(url, description), description))
    return found


def _hub(url: str, description: Mapping[str, Any]) -> list[Snippet]:
    signature = _signature(description) or {"name": "default", "inputs": {}, "outputs": {"default": None}}
    name, has_default = json.dumps(signature["name"]), "default" in signature["outputs"]
    tags = f", tags={tags}" if (tags := _tags(description, [])) else ""
    example = _by_name(signature, description) if _has_values(signature) else ""
    module = f'    module = hub.Module("{url}"{tags})'
    if example:
        chosen = "" if name == '"default"' else f", signature={name}"
        module += (
            f"\n    outputs = module({example}{chosen}{'' if has_default else ', as_dict=True'})\n"
            "    session.run([tf.global_variables_initializer(), tf.tables_initializer()])\n"
            "    print(session.run(outputs))"
        )
    in_graph = f"with tf.Graph().as_default(), tf.Session() as session:\n{module}"
    load = f'model = hub.load("{url}"{tags})'
    output = 'output_key="default"' if has_default else "signature_outputs_as_dict=True"
    layer = f'layer = hub.KerasLayer("{url}", signature={name}, {output}{tags})'
    return [
        _python(_TF1, in_graph, description, "tensorflow.compat.v1"),
        _python(_LOAD, load + _line(_signature_call(description)), description),
        _python(_KERAS, layer + (f"\noutputs = layer({example})" if example else ""), description),
    ]


def _keras_layer(url: str, description: Mapping[str, Any]) -> str:
    tunable = ", trainable=True" if description.get("fine_tunable") is not False else ""
    trace = _call_trace(description)
    if trace is not None:
        given = [value for value in trace["arguments"] if tensors_in(value) and not _is_flag(value)]
        example = python_value(given[0] if len(given) == 1 else given, description)
        return f'layer = hub.KerasLayer("{url}"{tunable})' + (
            f"\noutputs = layer({example})" if given else ""
        )
    signature = _signature(description)
    if signature is None:
        return f'layer = hub.KerasLayer("{url}"{tunable})'
    layer = f'layer = hub.KerasLayer("{url}", signature={json.dumps(signature["name"])}, '
    layer += "signature_outputs_as_dict=True)"
    return layer + (
        f"\noutputs = layer({_by_name(signature, description)})" if _has_values(signature) else ""
    )


def _object_call(description: Mapping[str, Any]) -> str:
    """A call of the loaded object with the arguments of a trace; "" if it cannot be called."""
    trace = _call_trace(description)
    if trace is None:
        return ""
    keywords = trace["keywords"]
    values = python_values([*trace["arguments"], *keywords.values()], description)
    names = ["" for _ in trace["arguments"]] + [f"{name}=" for name in keywords]
    return f"model({', '.join(map(str.__add__, names, values))})"


def _call_trace(description: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first trace of the object's `__call__` that is not for training, else its first trace."""
    for function in description.get("functions", ()):
        if function["name"] == "__call__" and function["traces"]:
            traces: list[Mapping[str, Any]] = list(function["traces"])
            return next((trace for trace in traces if not _trains(trace)), traces[0])
    return None


def _trains(trace: Mapping[str, Any]) -> bool:
    return any(value is True for value in (*trace["arguments"], *trace["keywords"].values()))


def _is_flag(structure: Any) -> bool:
    """Whether an argument is a flag such as `training`, which the layer passes itself."""
    return isinstance(structure, bool) or (
        is_tensor(structure) and structure["dtype"] == "bool" and structure["shape"] == []
    )


def _signature_call(description: Mapping[str, Any]) -> str:
    signature = _signature(description)
    if signature is None or any(tensor["kind"] != "dense" for tensor in signature["inputs"].values()):
        return ""
    names = signature["inputs"]
    if all(name.isidentifier() for name in names):
        values = python_values(names.values(), description)
        arguments = ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
    else:
        arguments = f"**{python_value(names, description)}"
    return f"model.signatures[{json.dumps(signature['name'])}]({arguments})"


def _signature(description: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The default signature, else the first one; None if there are none."""
    by_name = {
        signature["name"]: signature
        for variant in _variant(description)[:1]
        for signature in variant.get("signatures", ())
    }
    name = default_signature(list(by_name)) or next(iter(by_name), None)
    return None if name is None else by_name[name]


def _variant(description: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The graphs, first the one to load: that without tags, or with the tag `serve`."""
    variants: list[Mapping[str, Any]] = list(description.get("variants", ()))
    return sorted(
        variants, key=lambda variant: (list(variant["tags"]) not in ([], ["serve"]), variant["tags"])
    )


def _tags(description: Mapping[str, Any], otherwise: list[str]) -> list[str]:
    variants = _variant(description)
    return list(variants[0]["tags"]) if variants else otherwise


def _by_name(signature: Mapping[str, Any], description: Mapping[str, Any]) -> str:
    inputs = signature["inputs"]
    return python_value(next(iter(inputs.values())) if len(inputs) == 1 else inputs, description)


def _has_values(signature: Mapping[str, Any]) -> bool:
    """Whether there are inputs with an example for each. A sparse tensor of unknown rank has none."""
    inputs = signature["inputs"].values()
    return bool(inputs) and all(tensor["kind"] == "dense" or tensor["shape"] is not None for tensor in inputs)


def _line(call: str) -> str:
    return f"\noutputs = {call}" if call else ""


def _python(title: str, code: str, description: Mapping[str, Any], tensorflow: str = "tensorflow") -> Snippet:
    """A program: its imports, including packages that define custom ops, and its code."""
    needs_tensorflow = "tf." in code.replace("tf.keras", "")
    imports = [f"import {tensorflow} as tf"] if needs_tensorflow else []
    imports.append("import tensorflow_hub as hub")
    packages = description.get("packages") or {}
    imports += [f"import {module}  # its ops" for module in sorted(set(packages.values()))]
    return Snippet(title, "\n".join(imports) + f"\n\n{code}", "python")
