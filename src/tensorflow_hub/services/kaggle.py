"""Names of models on Kaggle: `kaggle://owner/model/framework/variation/version`, and Kaggle's own URLs.

    kaggle://<owner>/<model>/<framework>/<variation>[/<version>]
    http(s)://[www.]kaggle.com/models/<owner>/<model>/<framework>/<variation>[/<version>]
    http(s)://[www.]kaggle.com/models/<o>/<m>/frameworks/<f>/variations/<v>[/versions/<n>]

A query and a slash at the end say nothing. The framework is compared as Kaggle's own client does it: without
case and underscores.
"""

from __future__ import annotations

import dataclasses
import re
import urllib.parse

from tensorflow_hub.errors import HandleError
from tensorflow_hub.handles import MAX_VERSION

SCHEME = "kaggle://"
# As Kaggle's URLs write them. All that Kaggle's client knows: an unknown one is a slip of the pen.
_FRAMEWORKS = (
    "tensorFlow1 tensorFlow2 tfLite tfJs coral keras pyTorch jax flax pax maxText gemmaCpp ggml gguf onnx "
    "mxnet scikitLearn transformers tensorRtLlm triton vllm api other"
)
FRAMEWORKS = {name.lower(): name for name in _FRAMEWORKS.split()}
SAVED_MODEL_FRAMEWORKS = frozenset({"tensorFlow1", "tensorFlow2"})

_HOST = re.compile(r"(?:[a-z]+\.)?kaggle\.com")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VERSION = re.compile(r"[1-9][0-9]{0,9}")
_FORM = "owner/model/framework/variation or owner/model/framework/variation/version"
_HINT = "For example 'kaggle://google/yamnet/tensorFlow2/yamnet/1'."


@dataclasses.dataclass(frozen=True, order=True)
class KaggleHandle:
    """A variation of a model on Kaggle, or one version of it.

    Attributes:
      owner: who published it, for example `"google"`.
      model: for example `"universal-sentence-encoder"`.
      framework: as Kaggle writes it in URLs: `"tensorFlow1"`, `"tensorFlow2"`, `"tfLite"`, ….
      variation: for example `"large"`.
      version: a positive integer, or None for "the newest".
    """

    owner: str
    model: str
    framework: str
    variation: str
    version: int | None = None

    @classmethod
    def parse(cls, text: str, *, any_framework: bool = False) -> KaggleHandle:
        """Reads `kaggle://…` or a URL of a model on kaggle.com.

        Args:
          text: the handle.
          any_framework: also those whose models are no SavedModels.

        Raises:
          HandleError: it names no model, or none of TensorFlow.

        >>> str(KaggleHandle.parse("https://www.kaggle.com/models/google/yamnet/TensorFlow2/yamnet/1?a=b"))
        'kaggle://google/yamnet/tensorFlow2/yamnet/1'
        """
        parts = _parts_of(text)
        if len(parts) not in {4, 5}:
            raise HandleError(
                f"Expected a model on Kaggle with the parts {_FORM}, got {text!r:.200} with {len(parts)}.",
                hint=_HINT,
            )
        for part, what in zip(parts, ("owner", "model", "framework", "variation"), strict=False):
            if not _SLUG.fullmatch(part):
                raise HandleError(
                    f"Expected letters, digits and . _ - in the {what} of a model on Kaggle, "
                    f"got {part!r:.100} in {text!r:.200}.",
                    hint=_HINT,
                )
        version = _version(parts[4], text) if len(parts) == 5 else None
        return cls(parts[0], parts[1], _framework(parts[2], text, any_framework), parts[3], version)

    @property
    def path(self) -> str:
        """The parts with slashes between, as Kaggle's client takes them."""
        parts = (self.owner, self.model, self.framework, self.variation, self.version)
        return "/".join(str(part) for part in parts if part is not None)

    @property
    def page(self) -> str:
        """The page to open in a browser."""
        return f"https://www.kaggle.com/models/{self.path}"

    def with_version(self, version: int | None) -> KaggleHandle:
        """Another version of the variation; None: whichever is the newest."""
        return dataclasses.replace(self, version=version)

    def __str__(self) -> str:
        return SCHEME + self.path


def is_kaggle(text: str, *, endpoint: str = "") -> bool:
    """Whether a handle is one of Kaggle's: by its scheme, or a URL of its models.

    Args:
      text: the handle.
      endpoint: the address of a server that stands in for www.kaggle.com.

    >>> is_kaggle("kaggle://google/yamnet/tensorFlow2/yamnet"), is_kaggle("https://tfhub.dev/google/yamnet/1")
    (True, False)
    """
    if text.lower().startswith(SCHEME):
        return True
    try:
        parts = urllib.parse.urlsplit(text)
        known = _HOST.fullmatch(parts.hostname or "") is not None
        known = known or bool(endpoint and parts.netloc == urllib.parse.urlsplit(endpoint).netloc)
    except ValueError:
        return False
    return known and parts.scheme in {"http", "https"} and f"{parts.path}/".startswith("/models/")


def _parts_of(text: str) -> list[str]:
    """The parts between slashes, without what Kaggle's long URLs have between them."""
    if text.lower().startswith(SCHEME):
        return re.split(r"[?#]", text[len(SCHEME) :], maxsplit=1)[0].rstrip("/").split("/")
    try:
        path = urllib.parse.urlsplit(text).path.strip("/")
    except ValueError:
        path = ""
    parts = path.removeprefix("models").strip("/").split("/")
    if parts[2::2] in (["frameworks", "variations"], ["frameworks", "variations", "versions"]):
        parts = [*parts[:2], *parts[3::2]]
    return parts


def _framework(part: str, text: str, any_framework: bool) -> str:
    framework = FRAMEWORKS.get(part.replace("_", "").lower())
    if framework in SAVED_MODEL_FRAMEWORKS or (any_framework and framework):
        return framework
    if framework is None:
        raise HandleError(
            f"Expected the framework tensorFlow1 or tensorFlow2, got {part!r:.100} in {text!r:.200}.",
            hint=_HINT,
        )
    raise HandleError(
        f"Expected the framework tensorFlow1 or tensorFlow2, got {part!r} in {text!r:.200}, "
        "which holds no SavedModel.",
        hint=f"Its files: kagglehub.model_download({'/'.join(_parts_of(text))!r:.200}).",
    )


def _version(part: str, text: str) -> int:
    if not _VERSION.fullmatch(part) or int(part) > MAX_VERSION:
        raise HandleError(
            f"Expected a version from 1 to {MAX_VERSION} at the end of {text!r:.200}, got {part!r:.100}.",
            hint="Versions are whole numbers without leading zeros.",
        )
    return int(part)
