"""The names of copied modules on a hub."""

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
    """The name on a hub for a handle; without a version if the handle has none.

    Models of tfhub.dev and of hubs keep their names. The names of models of Kaggle contain the framework and
    the variation. A repository of Hugging Face has no version numbers, so its module is version 1.

    Args:
      handle: the handle in the canonical spelling of its source.

    Raises:
      HandleError: no name can be made from the handle, for example from the URL of an archive.

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
            f"Expected a handle with a name of the form publisher/model/version, got {handle!r:.200}.",
            hint="Pass the name of the module on the hub: --to publisher/model/version.",
        )
    return name
