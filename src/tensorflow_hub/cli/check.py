"""`tfhub check`: check a module or a card as a hub does, before it is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.errors import HubError, NotFoundError, UnsupportedFeatureError
from tensorflow_hub.format.card.rules import CardProblem, check_text
from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module.interfaces import INTERFACES
from tensorflow_hub.format.module.module_description import ModuleDescription


@click.command(
    "check",
    epilog="\b\nExamples:\n"
    "  tfhub check exported/module\n"
    "  tfhub check card.md --module exported/module\n"
    "  tfhub check https://hub.example/acme/words/1 --interface text-embedding\n"
    "  tfhub check acme/words/1 --json",
)
@click.argument("target", metavar="DIRECTORY|CARD.md|HANDLE")
@click.option("--module", metavar="HANDLE", help="The module of the card; checks that they agree.")
@click.option(
    "--interface",
    type=click.Choice(list(INTERFACES)),
    help="Fail if the module does not have this interface.",
)
@options.JSON
def command(target: str, module: str | None, interface: str | None, as_json: bool) -> None:
    """Check a module, or the card of one.

    A module: its signatures, size, variables, ops that need a package or reach outside the graph, and
    the common interfaces it follows. TensorFlow is not needed. A card: every broken rule with its line.

    Exit code 1 when a hub would refuse it.
    """
    if target.lower().endswith(".md") and "://" not in target:
        _check_card(target, module, as_json)
    else:
        _check_module(target, interface, as_json)


def _check_card(path: str, handle: str | None, as_json: bool) -> None:
    if not Path(path).is_file():
        raise NotFoundError(
            f"Expected a card, got {path!r}, which is not a file.", hint="Pass the path of a .md file."
        )
    module = _describe(handle) if handle else None
    card, problems = check_text(Path(path).read_bytes(), module)
    errors = [problem for problem in problems if problem.severity == "error"]
    if as_json:
        name = card.name if card else None
        output.result_json(
            {"card": path, "name": name, "ok": not errors, "problems": [_as_json(p) for p in problems]}
        )
    else:
        for problem in problems:
            output.result(problem.in_file(path))
        output.note(
            f"{output.counted(len(errors), 'error')}, "
            f"{output.counted(len(problems) - len(errors), 'warning')} in {path}"
        )
    if errors:
        raise click.exceptions.Exit(1)


def _as_json(problem: CardProblem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "severity": problem.severity,
        "problem": problem.problem,
        "hint": problem.hint,
    }


def _describe(handle: str) -> ModuleDescription:
    from tensorflow_hub.resolving.resolve import resolve

    return describe(handle if Path(handle).is_dir() else resolve(handle))


def _check_module(handle: str, interface: str | None, as_json: bool) -> None:
    module = _describe(handle)
    if as_json:
        output.result_json(module.to_dict())
    else:
        _print(module)
    if interface and interface not in module.interfaces:
        raise _not_met(interface)


def _not_met(interface: str) -> HubError:
    return UnsupportedFeatureError(
        f"Expected a module with the interface {interface} ({INTERFACES[interface]}), got one without it.",
        hint="Its signatures are listed above. Export it with such a signature.",
    )


def _print(module: ModuleDescription) -> None:
    output.table(_rows(module), header=("MODULE", module.kind))
    for variant in module.variants:
        output.result("")
        output.result(
            f"Signatures{' of the graph with tags ' + ', '.join(variant.tags) if variant.tags else ''}"
        )
        for signature in variant.signatures:
            output.result(f"  {signature.name}")
            for name, tensor in signature.inputs.items():
                output.result(f"    in   {name}: {tensor}")
            for name, tensor in signature.outputs.items():
                output.result(f"    out  {name}: {tensor}")
    for interface in module.interface_details:
        for sentence in interface.missing:
            output.note(f"{interface.name}: {sentence}")
    for op, what in module.unsafe_ops.items():
        output.note(f"warning: the op {op} {what} with the permissions of the user who runs the module")


def _rows(module: ModuleDescription) -> list[tuple[str, str]]:
    rows = [
        ("digest", module.digest),
        ("size", f"{output.size(module.size)} in {output.counted(module.files, 'file')}"),
    ]
    if module.variables is not None:
        trainable = module.variables.trainable
        share = "" if trainable is None else f", {trainable:,} of them trainable"
        rows.append(
            (
                "variables",
                f"{module.variables.count:,} with {module.variables.parameters:,} parameters{share}",
            )
        )
    rows.append(
        ("interfaces", ", ".join(f"{i.name} ({i.where})" for i in module.interface_details) or "none")
    )
    if module.functions:
        rows.append(("functions", ", ".join(function.name for function in module.functions)))
    if module.assets:
        rows.append(("assets", ", ".join(module.assets[:5]) + (", …" if len(module.assets) > 5 else "")))
    if module.packages:
        rows.append(("needs", ", ".join(f"{name} (import {m})" for name, m in module.packages.items())))
    if module.custom_ops:
        rows.append(("custom ops", ", ".join(module.custom_ops)))
    if module.image_size:
        rows.append(
            ("image size", f"{module.image_size[0]} × {module.image_size[1]} pixels (height × width)")
        )
    return rows
