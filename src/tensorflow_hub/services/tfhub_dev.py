"""Names of models on tfhub.dev: `https://tfhub.dev/publisher/model/version`, and what its queries ask for."""

from __future__ import annotations

import dataclasses
import urllib.parse

from tensorflow_hub.errors import HandleError
from tensorflow_hub.handles import ModelName

CHINA = "hub.tensorflow.google.cn"  # what tfhub.dev is called in China
HOSTS = frozenset({"tfhub.dev", "www.tfhub.dev", CHINA})
# The queries by which tfhub.dev gave the files of other deployments.
_DEPLOYMENTS = {"lite-format": "tfLite", "tfjs-format": "tfJs", "coral-format": "coral"}


@dataclasses.dataclass(frozen=True, order=True)
class TfhubDevHandle:
    """A model of tfhub.dev.

    Attributes:
      name: the name with the version, if one is given.
      framework: "" for a SavedModel; else what other deployment is asked for, as Kaggle calls it: `"tfLite"`.
      query: what asks for that deployment, `"lite-format=tflite"`.
    """

    name: ModelName
    framework: str = ""
    query: str = ""

    @classmethod
    def parse(cls, text: str) -> TfhubDevHandle:
        """Reads a URL of tfhub.dev.

        Raises:
          HandleError: its path is no name of a model.

        >>> str(TfhubDevHandle.parse("https://tfhub.dev/google/elmo/3?tf-hub-format=compressed"))
        'https://tfhub.dev/google/elmo/3'
        >>> TfhubDevHandle.parse("http://tfhub.dev/google/yamnet/classification/tflite/1?lite-format=tflite").framework
        'tfLite'
        """
        try:
            parts = urllib.parse.urlsplit(text)
            name = ModelName.parse(parts.path)
        except (ValueError, HandleError) as problem:
            raise HandleError(
                f"Expected a model of tfhub.dev, got {text!r:.200}.",
                hint="For example 'https://tfhub.dev/google/elmo/3'.",
            ) from problem
        for item in parts.query.split("&"):
            framework = _DEPLOYMENTS.get(item.partition("=")[0], "")
            if framework:
                return cls(name, framework, item)
        return cls(name)

    @property
    def page(self) -> str:
        """The page to open in a browser."""
        return f"https://tfhub.dev/{self.name}"

    def with_version(self, version: int) -> TfhubDevHandle:
        """Another version of the model."""
        return dataclasses.replace(self, name=self.name.with_version(version))

    def __str__(self) -> str:
        return f"{self.page}?{self.query}" if self.query else self.page


def is_tfhub_dev(text: str) -> bool:
    """Whether a handle is a URL of tfhub.dev.

    >>> is_tfhub_dev("https://tfhub.dev/google/elmo/3"), is_tfhub_dev("https://hub.example/google/elmo/3")
    (True, False)
    """
    try:
        parts = urllib.parse.urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in HOSTS
