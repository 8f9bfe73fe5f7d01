"""`tfhub export`: export Keras models as modules."""

from __future__ import annotations

from typing import Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.format.description import describe

_FORMAT = click.option(
    "--format",
    type=click.Choice(["saved_model_2", "hub"]),
    default="saved_model_2",
    show_default=True,
    help="The format: a TF2 SavedModel, or TF1 Hub format.",
)


@click.group("export")
def command() -> None:
    """Export a Keras model or an architecture of keras.applications as a module."""


@command.command(
    "keras-application",
    epilog="\b\nExamples:\n"
    "  tfhub export keras-application --list\n"
    "  tfhub export keras-application MobileNetV2 mobilenet_v2\n"
    "  tfhub export keras-application ResNet50 resnet --weights resnet50.weights.h5 --kind classification",
)
@click.argument("name", required=False)
@click.argument("directory", required=False)
@click.option(
    "--kind",
    type=click.Choice(["feature-vector", "classification"]),
    default="feature-vector",
    show_default=True,
    help="The output of the module.",
)
@click.option("--weights", help="A file of weights, or 'imagenet'; default: random weights.")
@click.option("--classes", type=int, default=1000, show_default=True, help="Number of classes.")
@click.option("--image-size", type=int, nargs=2, metavar="HEIGHT WIDTH", help="Size of images in pixels.")
@_FORMAT
@click.option("--list", "list_names", is_flag=True, help="List the architectures.")
@options.JSON
def keras_application(
    name: str | None, directory: str | None, list_names: bool, as_json: bool, **chosen: Any
) -> None:
    """Export an architecture of keras.applications as a module for images in [0, 1]."""
    from tensorflow_hub.exporting.keras_applications import application_names, export_keras_application

    if list_names:
        names = application_names()
        if as_json:
            output.result_json(names)
        else:
            for each in names:
                output.result(each)
        return
    if name is None or directory is None:
        raise click.UsageError("Expected NAME and DIRECTORY (or --list).")
    export_keras_application(name, directory, **chosen)
    _report(directory, as_json)


@command.command(
    "keras",
    epilog="\b\nExamples:\n"
    "  tfhub export keras model.keras my_module\n"
    "  tfhub export keras model.keras my_module --format hub",
)
@click.argument("model", metavar="MODEL.keras")
@click.argument("directory")
@_FORMAT
@options.JSON
def keras(model: str, directory: str, format: str, as_json: bool) -> None:
    """Export a saved Keras model."""
    from tensorflow_hub.exporting.keras_model import export_keras_model

    export_keras_model(model, directory, format=format)
    _report(directory, as_json)


def _report(directory: str, as_json: bool) -> None:
    module = describe(directory)
    interfaces = list(module.interfaces)
    if as_json:
        output.result_json(
            {"directory": directory, "kind": module.kind, "size": module.size, "interfaces": interfaces}
        )
    else:
        follows = ", ".join(interfaces) or "no common interface"
        output.result(f"{directory}: {output.size(module.size)}, {follows}")
