"""`tfhub show`: what a hub knows of a model or a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from tensorflow_hub.cli import output


@click.command()
@click.argument("handle")
@click.option("--hub", metavar="URL", help="The hub; default TFHUB_URL.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def command(handle: str, hub: str | None, as_json: bool) -> None:
    """Show the model or version HANDLE: versions, or card, signatures and downloads.

    \b
    Examples:
      tfhub show acme/text-embedding
      tfhub show acme/text-embedding/2 --json
    """
    from tensorflow_hub.client.versions import show

    facts = show(_without_hub(handle, hub), hub=hub or _hub_of(handle))
    if as_json:
        output.result_json(facts)
    elif "versions" in facts:
        _print_model(facts)
    else:
        _print_version(facts)


def _hub_of(handle: str) -> str | None:
    """The hub of a handle that is a URL."""
    if "://" not in handle:
        return None
    scheme, _, rest = handle.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _without_hub(handle: str, hub: str | None) -> str:
    prefix = (hub or _hub_of(handle) or "").rstrip("/")
    return handle.removeprefix(prefix).partition("?")[0].strip("/")


def _print_model(facts: Mapping[str, Any]) -> None:
    output.result(f"{facts['handle']}  {facts['url']}")
    rows = [(v["version"], v["state"], v["published_at"], v["reason"]) for v in facts["versions"]]
    output.table(rows, ("version", "state", "published", "reason"))


def _print_version(facts: Mapping[str, Any]) -> None:
    output.result(f"{facts['handle']}  {facts['url']}")
    if facts["state"] != "visible":
        output.result(f"{facts['state']}: {facts['reason']}")
    if facts["description"]:
        output.result(f"\n{facts['description']}\n")
    for key, values in sorted(facts["metadata"].items()):
        output.result(f"{key}: {', '.join(values)}")
    for deployment in facts["deployments"]:
        files = output.counted(deployment["files"], "file")
        output.result(
            f"{deployment['kind']}: {files}, {output.size(deployment['size'])}, {deployment['url']}"
        )
        _print_signatures(deployment["description"])


def _print_signatures(description: Mapping[str, Any]) -> None:
    for variant in description.get("variants", ()):
        tags = f" [{', '.join(variant['tags'])}]" if variant["tags"] else ""
        for signature in variant["signatures"]:
            inputs, outputs = _tensors(signature["inputs"]), _tensors(signature["outputs"])
            output.result(f"  {signature['name']}{tags}: ({inputs}) → {outputs}")


def _tensors(tensors: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(f"{name}: {_type(tensor)}" for name, tensor in tensors.items())


def _type(tensor: Mapping[str, Any]) -> str:
    shape = tensor["shape"]
    shown = "…" if shape is None else ", ".join("?" if size in {None, -1} else str(size) for size in shape)
    kind = "" if tensor.get("kind", "dense") == "dense" else f"{tensor['kind']} "
    return f"{kind}{tensor['dtype']}[{shown}]"
