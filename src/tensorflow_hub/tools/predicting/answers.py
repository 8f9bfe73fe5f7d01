"""What the prediction process answers, request by request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tensorflow_hub.tools.predicting.served_module import open_module
from tensorflow_hub.tools.predicting.serving_json import answer_of, tensors_of


class Answers:
    """A loaded module and the forms in which it is asked.

    Args:
      directory: of the module.
      threads: how many processors TensorFlow uses at once.
    """

    def __init__(self, directory: str, threads: int) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self.module = open_module(directory)

    def to(self, request: Mapping[str, Any]) -> bytes:
        """The answer to a request, as JSON.

        Raises:
          HubError: what was sent does not fit, or takes too much.
        """
        return {"predict": self._predict}[request["do"]](request)

    def _predict(self, request: Mapping[str, Any]) -> bytes:
        """As TensorFlow Serving answers."""
        body = request["body"]
        call = self.module.choose_call(body.get("signature_name", ""))
        return answer_of(body, self.module.call(call, tensors_of(call, body)))
