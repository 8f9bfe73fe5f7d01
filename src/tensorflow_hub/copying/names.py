"""The name that a module of any source gets on a hub."""

from __future__ import annotations

import urllib.parse

from tensorflow_hub.errors import HandleError
from tensorflow_hub.handles import ModelName, as_model_name, names_archive
from tensorflow_hub.services.hugging_face import SCHEME as HUGGING_FACE
from tensorflow_hub.services.hugging_face import HuggingFaceHandle
from tensorflow_hub.services.kaggle import SCHEME as KAGGLE
from tensorflow_hub.services.kaggle import KaggleHandle
from tensorflow_hub.services.tfhub_dev import TfhubDevHandle, is_tfhub_dev


def name_on_hub(handle: str) -> ModelName:
    """The name that a handle gives; without a version where the handle has none.

    Models of tfhub.dev and of hubs keep theirs. On Kaggle the framework and the variation are parts of it; a
    repository of Hugging Face has no numbers, so that its module is version 1.

    Args:
      handle: in the canonical spelling of its source.

    Raises:
      HandleError: it gives no name, for example the URL of an archive.

    >>> str(name_on_hub("https://tfhub.dev/google/elmo/3"))
    'google/elmo/3'
    >>> str(name_on_hub("kaggle://google/elmo/tensorFlow1/elmo/3"))
    'google/elmo/tensorFlow1/elmo/3'
    >>> str(name_on_hub("hf://acme/words@main/tf2"))
    'acme/words/tf2/1'
    """
    if is_tfhub_dev(handle):
        return TfhubDevHandle.parse(handle).name
    if handle.startswith(KAGGLE):
        model = KaggleHandle.parse(handle)
        return ModelName(model.owner, f"{model.model}/{model.framework}/{model.variation}", model.version)
    if handle.startswith(HUGGING_FACE):
        found = HuggingFaceHandle.parse(handle)
        return ModelName(found.owner, f"{found.repository}/{found.folder}".rstrip("/"), 1)
    web = handle.partition("://")[0].lower() in {"http", "https"} and not names_archive(handle)
    name = as_model_name(urllib.parse.urlsplit(handle).path.strip("/") if web else handle)
    if name is None or ("://" in handle and not web):
        raise HandleError(
            f"{handle!r:.200} gives no name of the form publisher/model/version.",
            hint="Say how the module is called on the hub: --to publisher/model/version.",
        )
    return name
