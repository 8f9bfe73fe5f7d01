"""`/<handle>:try`: a form made from what a model takes, and what the model gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api.forms import TryFields
from tensorflow_hub.errors import HubError, RejectedError
from tensorflow_hub.format.module.calls import ModuleCall, choose_call, takes_images
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.core.callers import caller_of
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.limits import PREDICTIONS, source_of
from tensorflow_hub.server.core.problems import TooLarge
from tensorflow_hub.server.predicting.choice import Choice, choose
from tensorflow_hub.server.web import try_page
from tensorflow_hub.server.web.try_page import ShownOutput


def show_form(request: Request) -> Response:
    """The form."""
    chosen = choose(request, caller_of(request), ModelName.parse(request.path_params["handle"]))
    return try_page.page(request, chosen.version, _call(chosen))


def run(call: Call, fields: TryFields) -> Response:
    """The form again, with what the model gives for what was filled in."""
    chosen = choose(call.request, call.caller, ModelName.parse(fields.handle))
    how = _call(chosen)
    texts = dict(zip(how.inputs, fields.values, strict=False))
    rows = {name: [line for line in text.splitlines() if line.strip()] for name, text in texts.items()}
    token = call.caller.token
    try:
        call.hub.limits.count(PREDICTIONS, str(token.id) if token else source_of(call.caller.address))
        outputs = _outputs(call, chosen, rows)
    except HubError as error:
        return try_page.page(call.request, chosen.version, how, texts=texts, rows=rows, problem=error)
    return try_page.page(call.request, chosen.version, how, texts=texts, rows=rows, outputs=outputs)


def _outputs(call: Call, chosen: Choice, rows: Mapping[str, Sequence[str]]) -> list[ShownOutput]:
    """What a page shows of the outputs; the process that says it is not believed."""
    request = msgspec.json.encode({"do": "show", "rows": rows})
    most = call.hub.settings.predict_input
    if len(request) > most:
        raise TooLarge(f"Expected inputs of at most {most:,} bytes.", hint="Send less at once.")
    said = chosen.pool.ask(chosen.runnable, request)
    try:
        return msgspec.json.decode(said, type=list[ShownOutput])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedError(
            f"The module {chosen.version.handle} gives something that cannot be shown.",
            hint="Ask for it as JSON; see /help/api.",
        ) from error


def _call(chosen: Choice) -> ModuleCall:
    """How the model is called.

    Raises:
      RejectedError: it takes something for which there is no form.
    """
    how = choose_call(chosen.description, chosen.version.handle, None)
    if any(map(takes_images, how.inputs.values())):
        raise RejectedError(
            f"{chosen.version.handle} takes pictures, for which there is no form.",
            hint=f"Try it on the command line: tfhub run {chosen.version.handle} photo.jpg",
        )
    if not 1 <= len(how.inputs) <= TryFields.MOST_INPUTS:
        raise RejectedError(
            f"{chosen.version.handle} takes {len(how.inputs)} inputs, for which there is no form.",
            hint="Ask it with a program; see /help/api.",
        )
    return how
