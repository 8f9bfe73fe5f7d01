"""The page on which people try a model: its form, and outputs shown as what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from markupsafe import Markup
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.errors import HubError
from tensorflow_hub.format.module.calls import ModuleCall
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.problems import status_of
from tensorflow_hub.server.web.rendering import POLICY, render
from tensorflow_hub.svg import element

_BAR = 60  # pixels of a share of one
_Text = Annotated[str, Meta(max_length=1000)]
_Rows = Annotated[list[list[str]], Meta(max_length=100)]


class ShownOutput(Struct):
    """An output as `tools/predicting/shown_outputs.py` writes it."""

    name: _Text
    type: _Text
    classes: Annotated[list[list[tuple[str, float]]], Meta(max_length=100)] = []
    similarities: Annotated[list[list[float]], Meta(max_length=100)] = []
    pictures: Annotated[
        list[Annotated[str, Meta(pattern="^[A-Za-z0-9+/=]*$", max_length=2 << 20)]], Meta(max_length=10)
    ] = []
    values: _Rows = []


def page(
    request: Request,
    version: Version,
    call: ModuleCall,
    *,
    texts: Mapping[str, str] | None = None,
    rows: Mapping[str, Sequence[str]] | None = None,
    outputs: Sequence[ShownOutput] = (),
    problem: HubError | None = None,
) -> Response:
    """`/<handle>:try`, empty, or with what was filled in and what came of it."""
    first = next(iter((rows or {}).values()), ())
    answer = render(
        request,
        "try.html",
        status=status_of(problem)[0] if problem else 200,
        title=f"Try {version.handle}",
        version=version,
        fields=_fields(call, texts or {}),
        row_name=lambda index: first[index][:80] if index < len(first) else str(index + 1),
        columns=range(1, len(first) + 1),
        outputs=outputs,
        problem=problem,
        bar=_bar,
    )
    if any(output.pictures for output in outputs):
        policy = POLICY.replace("img-src 'self'", "img-src 'self' data:")
        answer.headers["Content-Security-Policy"] = policy
    return answer


def _fields(call: ModuleCall, texts: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"input_{number}",
            "label": name or "Input",
            "type": str(tensor),
            "is_text": tensor.dtype == "string",
            "value": texts.get(name, ""),
        }
        for number, (name, tensor) in enumerate(call.inputs.items())
    ]


def _bar(share: float) -> Markup:
    """A share of one as a bar."""
    width = _BAR * min(max(share, 0.0), 1.0)
    bar = element("rect", width=width, height=10, rx=2, fill="currentColor")
    drawing = element("svg", bar, class_="share", width=_BAR, height=10, aria_hidden="true")
    return Markup(drawing)  # noqa: S704 - of numbers alone
