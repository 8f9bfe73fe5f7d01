"""`tfhub sbom`: what a version is made of and needs, as a bill of materials."""

from __future__ import annotations

import json
from typing import Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.cli.hub_handles import hub_of, require_name, without_hub
from tensorflow_hub.whole_file import whole_file


@click.command()
@click.argument("handle")
@click.option(
    "-o", "--output", "path", type=click.Path(dir_okay=False), help="A file, in place of the screen."
)
@options.HUB
def command(handle: str, path: str | None, hub: str | None) -> None:
    """Write what the version HANDLE of a hub is made of and needs, as a CycloneDX 1.6 document.

    It has the model with its licence and the modules it was made from, its files with sizes and SHA-256
    digests, and the packages that run it. `tfhub show` tells the same in a few lines.

    \b
    Examples:
      tfhub sbom acme/text-embedding/2
      tfhub sbom acme/text-embedding/2 -o text-embedding.cdx.json
    """
    from tensorflow_hub.client.versions import show_bill_of_materials

    require_name(handle)
    document: Any = show_bill_of_materials(without_hub(handle, hub), hub=hub or hub_of(handle))
    if path is None:
        output.result_json(document)
        return
    with whole_file(path, prefix=".sbom-") as file:
        file.write(json.dumps(document, indent=1, ensure_ascii=False).encode())
    output.result(path)
