"""`tfhub show`: show what a hub, or another source, knows about a model or a version."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.cli.hub_handles import hub_of, require_name, without_hub
from tensorflow_hub.format.module.signatures import is_tensor
from tensorflow_hub.handles import UrlHandle, parse_handle
from tensorflow_hub.resolving.sources.source import About
from tensorflow_hub.resolving.sources.table import locate
from tensorflow_hub.settings import Settings

_MOST_MEASUREMENTS, _MOST_USERS, _MOST_FUNCTIONS = 10, 10, 10


@click.command()
@click.argument("handle")
@options.HUB
@options.JSON
def command(handle: str, hub: str | None, as_json: bool) -> None:
    """Show the model or version HANDLE: its versions, card, measurements, downloads and signatures.

    Of a model without a version: all versions, and the signatures of the latest one. Of a source that is no
    hub: what it tells, as title, license, versions and page.

    \b
    Examples:
      tfhub show acme/text-embedding
      tfhub show acme/text-embedding/2 --json
      tfhub show kaggle://google/yamnet/tensorFlow2/yamnet
    """
    from tensorflow_hub.client.versions import show

    about = None if hub else _about(handle)
    if about is not None:
        _print_about(about, as_json)
        return
    answer = show(without_hub(handle, hub), hub=hub or hub_of(handle))
    if as_json:
        output.result_json(answer)
    elif "versions" in answer:
        _print_model(answer)
        if answer["latest"] is not None:
            latest = show(f"{answer['handle']}/{answer['latest']}", hub=hub or hub_of(handle))
            output.result(f"\n{latest['handle']}")
            _print_deployments(latest)
    else:
        _print_version(answer)


def _about(handle: str) -> About | None:
    """What a source tells that is no hub; None for handles of hubs."""
    from tensorflow_hub.resolving.sources.hub import Hub
    from tensorflow_hub.resolving.sources.session import open_source_session

    parsed = parse_handle(handle)
    if not isinstance(parsed, UrlHandle):
        require_name(handle)
        return None
    settings = Settings.from_environment()
    source, location = locate(handle, settings)
    if isinstance(source, Hub):
        return None
    with open_source_session(source, location, settings, what=handle) as session:
        return source.about(location, session)


def _print_about(about: About, as_json: bool) -> None:
    values = dataclasses.asdict(about)
    if as_json:
        output.result_json(values)
        return
    output.result(f"{about.title}  {about.page}".strip())
    for name in ("license", "versions"):
        value = values[name]
        if value:
            output.result(f"{name}: {value if isinstance(value, str) else ', '.join(value)}")
    if about.description:
        output.result(f"\n{about.description}")


def _print_model(model: Mapping[str, Any]) -> None:
    output.result(f"{model['handle']}  {model['url']}")
    rows = [
        (v["version"], v["state"], v["published_at"] or "not known", v["reason"]) for v in model["versions"]
    ]
    output.table(rows, ("version", "state", "published", "reason"))


def _print_version(version: Mapping[str, Any]) -> None:
    output.result(f"{version['handle']}  {version['url']}")
    if version["state"] != "visible":
        output.result(f"{version['state']}: {version['reason']}")
    if version["description"]:
        output.result(f"\n{version['description']}\n")
    for key, values in sorted(version["metadata"].items()):
        output.result(f"{key}: {', '.join(values)}")
    for one in version.get("measurements", ())[:_MOST_MEASUREMENTS]:
        output.result(
            f"{one['metric']}: {one['value']:.4g} on {one['dataset']}, measured by {one['publisher']}"
        )
    if used_by := version.get("used_by"):
        more = ", …" if len(used_by) > _MOST_USERS else ""
        output.result(f"used by: {', '.join(used_by[:_MOST_USERS])}{more}")
    _print_deployments(version)


def _print_deployments(version: Mapping[str, Any]) -> None:
    for deployment in version["deployments"]:
        files = output.counted(deployment["files"], "file")
        output.result(
            f"{deployment['kind']}: {files}, {output.size(deployment['size'])}, {deployment['url']}"
        )
        _print_needs(deployment.get("needs") or {})
        _print_signatures(deployment["description"])


def _print_needs(needs: Mapping[str, Any]) -> None:
    """What it takes to run a deployment; hubs of earlier releases do not tell."""
    packages = ", ".join(package["name"] for package in needs.get("packages", ()))
    stated = ", ".join(f"{name} {version}" for name, version in needs.get("stated_versions", {}).items())
    if packages:
        output.result(f"  needs: {packages}" + (f"; written with {stated}" if stated else ""))
    for label, key in (("also needs", "features"), ("needs unknown ops", "unknown_ops")):
        if values := needs.get(key):
            output.result(f"  {label}: {', '.join(values)}")


def _print_signatures(description: Mapping[str, Any]) -> None:
    for variant in description.get("variants", ()):
        tags = f" [{', '.join(variant['tags'])}]" if variant["tags"] else ""
        for signature in variant["signatures"]:
            inputs, outputs = _tensors(signature["inputs"]), _tensors(signature["outputs"])
            output.result(f"  {signature['name']}{tags}: ({inputs}) → {outputs}")
    functions = [function for function in description.get("functions", ()) if function["traces"]]
    for function in functions[:_MOST_FUNCTIONS]:
        trace, *others = function["traces"]
        arguments = [*map(_nested, trace["arguments"])]
        arguments += [f"{name}={_nested(value)}" for name, value in trace["keywords"].items()]
        more = f", and {output.counted(len(others), 'other trace')}" if others else ""
        output.result(f"  {function['name']}({', '.join(arguments)}) → {_nested(trace['result'])}{more}")


def _tensors(tensors: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(f"{name}: {_type(tensor)}" for name, tensor in tensors.items())


def _nested(value: Any) -> str:
    """An argument or result of a function: tensors in lists and dicts, and plain values."""
    if is_tensor(value):
        return _type(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_nested(item)}" for name, item in value.items()) + "}"
    return f"[{', '.join(map(_nested, value))}]" if isinstance(value, list) else repr(value)


def _type(tensor: Mapping[str, Any]) -> str:
    shape = tensor["shape"]
    shown = "…" if shape is None else ", ".join("?" if size in {None, -1} else str(size) for size in shape)
    kind = "" if tensor.get("kind", "dense") == "dense" else f"{tensor['kind']} "
    return f"{kind}{tensor['dtype']}[{shown}]"
