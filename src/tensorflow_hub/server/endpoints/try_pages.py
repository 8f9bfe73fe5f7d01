"""`/<handle>:try`: a form made from what a model takes, and what the model gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api.forms import TryFields
from tensorflow_hub.errors import HubError, RejectedError
from tensorflow_hub.format.module.calls import ModuleCall, choose_call, takes_image_files
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.core.callers import caller_of
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.limits import PREDICTIONS, source_of
from tensorflow_hub.server.core.multipart import SentFile
from tensorflow_hub.server.core.problems import Malformed, TooLarge
from tensorflow_hub.server.predicting.choice import Choice, choose
from tensorflow_hub.server.web import try_page
from tensorflow_hub.server.web.rendering import show_size
from tensorflow_hub.server.web.try_page import Asked, ShownOutput


def show_form(request: Request) -> Response:
    """The form."""
    chosen = choose(request, caller_of(request), ModelName.parse(request.path_params["handle"]))
    return try_page.page(request, chosen.version, _call(chosen), Asked({}, {}))


def run(call: Call, fields: TryFields, files: Mapping[str, Sequence[SentFile]]) -> Response:
    """The form again, with what the model gives for what was filled in."""
    chosen = choose(call.request, call.caller, ModelName.parse(fields.handle))
    how = _call(chosen)
    asked = _asked(how, fields, files)
    token = call.caller.token
    try:
        call.hub.limits.count(PREDICTIONS, str(token.id) if token else source_of(call.caller.address))
        outputs = _outputs(call, chosen, asked)
    except HubError as error:
        return try_page.page(call.request, chosen.version, how, asked, problem=error)
    return try_page.page(call.request, chosen.version, how, asked, outputs=outputs)


def _asked(how: ModuleCall, fields: TryFields, files: Mapping[str, Sequence[SentFile]]) -> Asked:
    """What was filled in and chosen, by the names of the inputs."""
    texts, sent = {}, {}
    for number, (name, tensor) in enumerate(how.inputs.items()):
        if takes_image_files(name, tensor):
            sent[name] = files.get(f"input_{number}", ())
        else:
            texts[name] = fields.values[number]
    return Asked(texts, sent)


def _outputs(call: Call, chosen: Choice, asked: Asked) -> list[ShownOutput]:
    """What a page shows of the outputs; the process that says it is not believed."""
    most = call.hub.settings.predict_input
    if asked.size > most:
        raise TooLarge(
            f"Expected at most {show_size(most)} in all fields together, got {show_size(asked.size)}.",
            hint="Send less at once, or smaller pictures.",
        )
    for name, rows in asked.rows.items():
        if not rows:
            raise Malformed(
                "Expected at least one line" + (f" for the input {name!r}" if name else "") + ", got none.",
                hint="Fill in the field.",
            )
    request = msgspec.json.encode({"do": "show", "rows": asked.rows, "files": asked.files})
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
    if not 1 <= len(how.inputs) <= TryFields.MOST_INPUTS:
        raise RejectedError(
            f"{chosen.version.handle} takes {len(how.inputs)} inputs, for which there is no form.",
            hint="Ask it with a program; see /help/api.",
        )
    return how
