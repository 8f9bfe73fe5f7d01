"""The page on which people try a model: its form, and outputs shown as what they are."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from markupsafe import Markup
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.errors import HubError
from tensorflow_hub.format.module.calls import ModuleCall, takes_image_files
from tensorflow_hub.format.module.signatures import TensorDescription
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.multipart import SentFile
from tensorflow_hub.server.core.problems import headers_of, status_of
from tensorflow_hub.server.web.picture_with_boxes import ShownBox, draw_boxes
from tensorflow_hub.server.web.rendering import POLICY, render, show_size
from tensorflow_hub.svg import element

# The example of the programs on the page of a model, a text in each line.
_TEXTS = "a sentence\nand another"
_BAR = 60  # pixels of a share of one
_FREE = 3  # numbers in an example of a row of any length
_LONGEST_ROW = 12  # numbers in an example
_Text = Annotated[str, Meta(max_length=1000)]
_Rows = Annotated[list[list[str]], Meta(max_length=100)]
_Base64 = Annotated[str, Meta(pattern="^[A-Za-z0-9+/=]*$", max_length=2 << 20)]
_Side = Annotated[int, Meta(ge=0, le=10_000)]


class ShownOutput(Struct):
    """An output, or a picture with boxes, as `tools/predicting/shown_outputs.py` writes it."""

    name: _Text
    type: _Text
    classes: Annotated[list[list[tuple[str, float]]], Meta(max_length=100)] = []
    similarities: Annotated[list[list[float]], Meta(max_length=100)] = []
    pictures: Annotated[list[_Base64], Meta(max_length=10)] = []
    values: _Rows = []
    picture: _Base64 = ""
    width: _Side = 0
    height: _Side = 0
    boxes: Annotated[list[ShownBox], Meta(max_length=100)] = []


@dataclasses.dataclass(frozen=True)
class Asked:
    """What somebody filled in, by the names of the inputs.

    Attributes:
      texts: what stands in the fields of text.
      files: the pictures that were chosen.
    """

    texts: Mapping[str, str]
    files: Mapping[str, Sequence[SentFile]]

    @property
    def rows(self) -> dict[str, list[str]]:
        """The lines of each text, without empty ones."""
        return {
            name: [line for line in text.splitlines() if line.strip()] for name, text in self.texts.items()
        }

    @property
    def size(self) -> int:
        """Bytes of all of it."""
        files = sum(len(file.content) for sent in self.files.values() for file in sent)
        return files + sum(len(text.encode()) for text in self.texts.values())

    def row_names(self) -> Sequence[str]:
        """What the rows of the outputs are called: the lines or file names of the first input."""
        names = [*self.rows.values(), *([file.name for file in sent] for sent in self.files.values())]
        return next((found for found in names if found), ())


def page(
    request: Request,
    version: Version,
    call: ModuleCall,
    asked: Asked,
    *,
    outputs: Sequence[ShownOutput] = (),
    problem: HubError | None = None,
) -> Response:
    """`/<handle>:try`, empty, or with what was filled in and what came of it."""
    first = asked.row_names()
    answer = render(
        request,
        "try.html",
        status=status_of(problem)[0] if problem else 200,
        title=f"Try {version.handle}",
        version=version,
        fields=_fields(call, asked),
        most=show_size(hub_of(request).settings.predict_input),
        row_name=lambda index: first[index][:80] if index < len(first) else str(index + 1),
        columns=range(1, len(first) + 1),
        outputs=outputs,
        problem=problem,
        bar=_bar,
        on_picture=lambda output, name: draw_boxes(
            output.picture, output.width, output.height, output.boxes, name
        ),
    )
    if problem:
        answer.headers.update(headers_of(problem))
    if any(output.pictures or output.picture for output in outputs):
        policy = POLICY.replace("img-src 'self'", "img-src 'self' data:")
        answer.headers["Content-Security-Policy"] = policy
    return answer


def _fields(call: ModuleCall, asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "id": f"input_{number}",
            "label": name or "Input",
            "type": str(tensor),
            "is_text": tensor.dtype == "string",
            "is_picture": takes_image_files(name, tensor),
            "is_one": tensor.shape is not None and tensor.shape[:1] == (1,),
            "value": asked.texts.get(name, _example(call, tensor)),
            "row": row_of_numbers(tensor),
        }
        for number, (name, tensor) in enumerate(call.inputs.items())
    ]


def _example(call: ModuleCall, tensor: TensorDescription) -> str:
    """Returns the texts of a new form, so that one click runs a model of texts; "" for other models."""
    is_list_of_texts = tensor.dtype == "string" and tensor.shape in {None, (None,)}
    return _TEXTS if is_list_of_texts and len(call.inputs) == 1 else ""


def row_of_numbers(tensor: TensorDescription) -> str:
    """Returns an example of a row as JSON; "" if it is long."""
    shape = (None, None) if tensor.shape is None else tensor.shape
    sizes = [_FREE if size is None else size for size in shape[1:]]
    numbers = iter(range(1, _LONGEST_ROW + 1))

    def nested(sizes: Sequence[int]) -> Any:
        return [nested(sizes[1:]) for _ in range(sizes[0])] if sizes else next(numbers)

    return json.dumps(nested(sizes)) if math.prod(max(size, 1) for size in sizes) <= _LONGEST_ROW else ""


def _bar(share: float) -> Markup:
    """A share of one as a bar."""
    width = _BAR * min(max(share, 0.0), 1.0)
    bar = element("rect", width=width, height=10, rx=2, fill="currentColor")
    drawing = element("svg", bar, class_="share", width=_BAR, height=10, aria_hidden="true")
    return Markup(drawing)  # noqa: S704 - of numbers alone
