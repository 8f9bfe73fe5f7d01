"""The page `/help`: commands and programs that run unedited, with a model of this hub."""

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


def help_page(request: Request, connection: sa.Connection) -> Response:
    """Returns the page `/help`."""
    return render(
        request,
        "help.html",
        title="Help",
        base=base_url(request),
        install=install_command(__version__),
        example=reading.newest_with_deployment(connection, saved_model.KIND.name, PUBLIC),
        module=_MODULE,
        card=_CARD,
    )


def install_command(version: str) -> str:
    """Returns the command that installs the library.

    Before a release, it installs a clone of the source, in which it has to be run. A package registry does
    not have versions such as 1.0.0.dev0, and would install an older one.
    """
    is_released = re.fullmatch(r"[0-9.]+", version)
    return f"pip install '{'tensorflow-hub' if is_released else '.'}[tensorflow]'"
