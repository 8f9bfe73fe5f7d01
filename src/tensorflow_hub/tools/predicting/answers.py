"""What the prediction process answers, request by request."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tensorflow_hub.format.module.calls import choose_call, takes_image_files
from tensorflow_hub.tools.predicting.served_module import open_module
from tensorflow_hub.tools.predicting.serving_json import answer_of, tensors_of
from tensorflow_hub.tools.predicting.shown_outputs import shown_detections, shown_outputs
from tensorflow_hub.tools.running.detections import OUTPUTS as DETECTIONS
from tensorflow_hub.tools.running.detections import boxes_of
from tensorflow_hub.tools.running.inputs import tensor_of, tensor_of_pictures
from tensorflow_hub.tools.running.run import labels_of

# Pixels of the longer side where a module takes pictures of any size: its memory grows with them.
_LARGEST_PICTURE = 1024


class Answers:
    """A loaded module and the forms in which it is asked.

    Args:
      directory: of the module.
      threads: how many processors TensorFlow uses at once.
    """

    def __init__(self, directory: str, threads: int) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self._directory = Path(directory)
        self.module = open_module(directory)

    def to(self, request: Mapping[str, Any]) -> bytes:
        """The answer to a request, as JSON.

        Raises:
          HubError: what was sent does not fit, or takes too much.
        """
        return {"predict": self._predict, "show": self._show}[request["do"]](request)

    def _predict(self, request: Mapping[str, Any]) -> bytes:
        """As TensorFlow Serving answers."""
        body = request["body"]
        call = self.module.choose_call(body.get("signature_name", ""))
        return answer_of(body, self.module.call(call, tensors_of(call, body)))

    def _show(self, request: Mapping[str, Any]) -> bytes:
        """What a page shows of the outputs for rows as a person writes them, and for image files."""
        call = choose_call(self.module.description, "the module", None)
        rows = request["rows"]
        files = {
            name: [(file["name"], base64.b64decode(file["content"])) for file in sent]
            for name, sent in request["files"].items()
        }
        tensors = {
            name: tensor_of_pictures(files[name], name, tensor, _LARGEST_PICTURE)
            if takes_image_files(name, tensor)
            else tensor_of(rows[name], name, tensor)
            for name, tensor in call.inputs.items()
        }
        outputs = self.module.call(call, tensors)
        first, tensor = next(iter(call.inputs.items()))
        labels = labels_of(self._directory, outputs)
        found = boxes_of(outputs, labels, tensors[first]) if first in files else []
        shown = shown_detections([content for _, content in files.get(first, ())], found)
        rest = {name: array for name, array in outputs.items() if not (shown and name in DETECTIONS)}
        texts = rows[first] if tensor.dtype == "string" and first in rows else ()
        return json.dumps(shown + shown_outputs(rest, texts, labels)).encode()
