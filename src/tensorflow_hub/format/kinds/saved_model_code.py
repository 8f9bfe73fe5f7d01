"""Python programs that use a SavedModel, with example inputs. They run without changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_hub.format.kinds.example_values import (
    has_examples,
    python_value,
    python_values,
    tensors_in,
)
from tensorflow_hub.format.kinds.kind import Snippet
from tensorflow_hub.format.module.default_signature import default_signature
from tensorflow_hub.format.module.functions import is_argument_name
from tensorflow_hub.format.module.ops import needed_packages
from tensorflow_hub.format.module.signatures import is_tensor

_MOST_OPS = 3  # that a comment names
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
    example = _by_name(signature, description)
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
    layer = _layer(url, f", signature={name}, {output}{tags}", example)
    return [
        _python(_TF1, in_graph, description, "tensorflow.compat.v1"),
        _python(_LOAD, load + _line(_signature_call(description)), description),
        _python(_KERAS, layer, description),
    ]


def _keras_layer(url: str, description: Mapping[str, Any]) -> str:
    """A layer, and its call if there are examples of its inputs."""
    tunable = ", trainable=True" if description.get("fine_tunable") is not False else ""
    function, signature = _call_function(description), _signature(description)
    if function is not None:
        options = _options(function)
        arguments = f", arguments={python_value(options, description)}" if options else ""
        return _layer(url, f"{arguments}{tunable}", _layer_inputs(function, description))
    if signature is not None:
        arguments = f", signature={json.dumps(signature['name'])}, signature_outputs_as_dict=True"
        return _layer(url, arguments, _by_name(signature, description))
    return _layer(url, tunable, "")


def _layer(url: str, arguments: str, example: str) -> str:
    """A program with a layer: `arguments` of its constructor after the handle, and of its call."""
    call = f"\noutputs = layer({example})" if example else ""
    return f'layer = hub.KerasLayer("{url}"{arguments}){call}'


def _layer_inputs(function: Mapping[str, Any], description: Mapping[str, Any]) -> str:
    """The argument of a call of a layer: the only input, or all inputs; "" if there is no example."""
    trace, known = _trace(function), function.get("argument_names", ())
    inputs = [value for value in trace["arguments"] if not _is_option(value)]
    by_name = {name: value for name, value in trace["keywords"].items() if not _is_option(value)}
    if not has_examples([*inputs, *by_name.values()], description):
        return ""
    if by_name:  # a layer passes all by name, or none
        positional = dict(zip(known, trace["arguments"], strict=False))
        by_name |= {name: value for name, value in positional.items() if not _is_option(value)}
        return python_value(by_name, description) if len(known) >= len(inputs) else ""
    if not inputs:
        return ""
    return (
        python_value(inputs, description) if len(inputs) > 1 else python_values(inputs, description, known)[0]
    )


def _options(function: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a trace that are neither tensors nor flags: a layer passes them in each call."""
    trace = _trace(function)
    named = {
        **dict(zip(function.get("argument_names", ()), trace["arguments"], strict=False)),
        **trace["keywords"],
    }
    return {
        name: value
        for name, value in named.items()
        if not tensors_in(value) and not isinstance(value, bool) and value not in (None, {}, [])
    }


def _object_call(description: Mapping[str, Any]) -> str:
    """A call of the loaded object with the arguments of a trace; "" if it cannot be called."""
    function = _call_function(description)
    if function is None:
        return ""
    trace = _trace(function)
    arguments, keywords = list(trace["arguments"]), trace["keywords"]
    is_written = has_examples([*arguments, *keywords.values()], description)
    if not is_written or not all(map(is_argument_name, keywords)):
        return ""
    known = list(function.get("argument_names", ()))[: len(arguments)]
    names = [*known, *[""] * (len(arguments) - len(known)), *keywords]
    has_tuples = bool(trace.get("has_tuples"))
    values = python_values([*arguments, *keywords.values()], description, names, has_tuples=has_tuples)
    # Options are passed by name, since `training=False` says more than `False`; all arguments after one, too.
    first = next((i for i, value in enumerate(arguments) if _is_option(value)), len(arguments))
    first = first if all(names) else len(arguments)
    labels = [f"{name}=" if i >= first else "" for i, name in enumerate(names)]
    return f"model({', '.join(map(str.__add__, labels, values))})"


def _call_function(description: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The object's `__call__`, if it has traces."""
    functions: Sequence[Mapping[str, Any]] = description.get("functions", ())
    return next((each for each in functions if each["name"] == "__call__" and each["traces"]), None)


def _trace(function: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first trace of a function that is not for training, else its first trace."""
    traces: Sequence[Mapping[str, Any]] = function["traces"]
    return next((trace for trace in traces if not _trains(trace)), traces[0])


def _trains(trace: Mapping[str, Any]) -> bool:
    return any(value is True for value in (*trace["arguments"], *trace["keywords"].values()))


def _is_option(structure: Any) -> bool:
    """Whether an argument is no input: a value without tensors, or a flag such as `training`."""
    if is_tensor(structure):
        return bool(structure["dtype"] == "bool" and structure["shape"] == [])
    return not tensors_in(structure)


def _signature_call(description: Mapping[str, Any]) -> str:
    signature = _signature(description)
    if signature is None or any(tensor["kind"] != "dense" for tensor in signature["inputs"].values()):
        return ""
    names = signature["inputs"]
    if not has_examples(names.values(), description):
        return ""
    if all(map(is_argument_name, names)):
        values = python_values(names.values(), description, list(names))
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
    """The inputs as one argument: the only one, or a dict; "" if there are none, or no example of one."""
    inputs = signature["inputs"]
    if not inputs or not has_examples(inputs.values(), description):
        return ""
    return (
        python_values(inputs.values(), description, list(inputs))[0]
        if len(inputs) == 1
        else python_value(inputs, description)
    )


def _line(call: str) -> str:
    return f"\noutputs = {call}" if call else ""


def _python(title: str, code: str, description: Mapping[str, Any], tensorflow: str = "tensorflow") -> Snippet:
    """A program: its imports, including packages that define custom ops, and its code."""
    needs_tensorflow = "tf." in code.replace("tf.keras", "")
    imports = [f"import {tensorflow} as tf"] if needs_tensorflow else []
    imports.append("import tensorflow_hub as hub")
    packages = description.get("packages") or {}
    imports += [f"import {module}  # its ops" for module in sorted(set(packages.values()))]
    unknown = [json.dumps(op) for op in description.get("custom_ops", ()) if not needed_packages([op])]
    if unknown:
        more = " and others" if len(unknown) > _MOST_OPS else ""
        imports.append(
            f"# Import the package that defines the op {', '.join(unknown[:_MOST_OPS])}{more} here."
        )
    return Snippet(title, "\n".join(imports) + f"\n\n{code}", "python")
