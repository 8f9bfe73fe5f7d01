"""The page `/help`: commands and programs that run as they stand, with a model of this hub."""

from __future__ import annotations

import re

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub import __version__
from tensorflow_hub.format.kinds import saved_model
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audience import PUBLIC
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.search.engine import search
from tensorflow_hub.server.search.request import SearchRequest
from tensorflow_hub.server.web.rendering import render

_MODULE = """\
import tensorflow as tf


class Double(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, numbers):
        return 2 * numbers


tf.saved_model.save(Double(), "my_module")"""
_CARD = """\
cat > card.md <<'END'
# Module my-name/my-model/1

Doubles numbers.

<!-- task: other -->
END"""
# Without words, a search has first what can be downloaded, and of that what is used most.
_MODELS = SearchRequest(filters={"kind": (saved_model.KIND.card,)}, page_size=5, with_facets=False)


def help_page(request: Request, connection: sa.Connection) -> Response:
    """Returns the page `/help`."""
    return render(
        request,
        "help.html",
        title="Help",
        base=base_url(request),
        install=install_command(__version__),
        example=_example(request, connection),
        module=_MODULE,
        card=_CARD,
    )


def _example(request: Request, connection: sa.Connection) -> str:
    """Returns the handle of a public model that can be loaded, the most used one; "" if there is none."""
    found = hub_of(request).search.answer(connection, PUBLIC, lambda index: search(index, _MODELS))
    handles = reading.handles_with_deployment(connection, found.ids, saved_model.KIND.name, PUBLIC)
    return next(iter(handles), "")


def install_command(version: str) -> str:
    """Returns the command that installs the library.

    Before a release, it installs a clone of the source, in which it has to be run. A package registry does
    not have versions such as 1.0.0.dev0, and would install an older one.
    """
    is_released = re.fullmatch(r"[0-9.]+", version)
    return f"pip install '{'tensorflow-hub' if is_released else '.'}[tensorflow]'"
