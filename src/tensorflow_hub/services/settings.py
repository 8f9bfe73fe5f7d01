"""The settings of Kaggle's and Hugging Face's own clients that this library uses too; the URL of tfhub.dev.

Users of `kagglehub` or `huggingface_hub` do not have to set anything again. `docs/settings.md` has a table.
"""

from __future__ import annotations

import dataclasses
import os

from tensorflow_hub.setting_values import from_environment, parse_bool, parse_hub_url, variable

_KAGGLE = "https://www.kaggle.com"


@dataclasses.dataclass(frozen=True)
class ServiceSettings:
    """The settings of one process for services of others, read once where they are needed."""

    tfhub_dev: str = variable(
        "TFHUB_DEV_ENDPOINT", "https://tfhub.dev", parse_hub_url, "The URL of tfhub.dev."
    )
    kaggle: str = variable("KAGGLE_API_ENDPOINT", _KAGGLE, parse_hub_url, "The URL of Kaggle.")
    kaggle_token: str = variable(
        "KAGGLE_API_TOKEN",
        "",
        str,
        "A token for Kaggle, or the path of a file with one. Only Kaggle gets it.",
    )
    kaggle_username: str = variable(
        "KAGGLE_USERNAME", "", str, "With `KAGGLE_KEY`: the older kind of credentials."
    )
    kaggle_key: str = variable("KAGGLE_KEY", "", str, "See `KAGGLE_USERNAME`.")
    kaggle_config: str = variable(
        "KAGGLE_CONFIG_DIR", "", str, "The folder with `kaggle.json` or `access_token`; default: `~/.kaggle`."
    )
    kaggle_notebook_token: str = variable(
        "KAGGLE_API_V1_TOKEN", "", str, "The file with the token of a notebook; set by Kaggle."
    )
    kaggle_notebook: str = variable(
        "KAGGLE_KERNEL_RUN_TYPE", "", str, "Set by Kaggle in notebooks: their attached models are used."
    )
    kaggle_input: str = variable(
        "KAGGLE_CACHE_MOUNT_FOLDER", "/kaggle/input", str, "The folder of the models attached to a notebook."
    )
    kaggle_cache: str = variable(
        "KAGGLEHUB_CACHE", "", str, "The cache of `kagglehub`, only read; default: `~/.cache/kagglehub`."
    )
    hugging_face: str = variable(
        "HF_ENDPOINT", "https://huggingface.co", parse_hub_url, "The URL of Hugging Face."
    )
    hugging_face_token: str = variable(
        "HF_TOKEN", "", str, "A token for Hugging Face. Only Hugging Face gets it."
    )
    hugging_face_old_token: str = variable(
        "HUGGING_FACE_HUB_TOKEN", "", str, "The older name of `HF_TOKEN`; used if that is not set."
    )
    hugging_face_token_path: str = variable(
        "HF_TOKEN_PATH", "", str, "The file with the token of `hf auth login`; default: `$HF_HOME/token`."
    )
    hugging_face_home: str = variable(
        "HF_HOME", "", str, "The folder of `huggingface_hub`; default: `~/.cache/huggingface`."
    )
    hugging_face_cache: str = variable(
        "HF_HUB_CACHE", "", str, "The cache of `huggingface_hub`, only read; default: `$HF_HOME/hub`."
    )
    hugging_face_offline: bool = variable(
        "HF_HUB_OFFLINE",
        False,
        parse_bool,
        "1 makes no requests to Hugging Face: cached modules work, others fail.",
    )

    @classmethod
    def from_environment(cls) -> ServiceSettings:
        """Reads the settings from the environment of the process.

        Raises:
          SettingsError: a variable does not parse.
        """
        return from_environment(cls, os.environ)

    @property
    def kaggle_calls(self) -> str:
        """The URL of Kaggle's newer API, whose paths begin with `models.ModelApiService/`."""
        return "https://api.kaggle.com/v1" if self.kaggle == _KAGGLE else f"{self.kaggle}/api/v1"

    @property
    def kaggle_folder(self) -> str:
        """The folder with the files of Kaggle's tokens."""
        return os.path.expanduser(self.kaggle_config or "~/.kaggle")

    @property
    def kagglehub_models(self) -> str:
        """The folder with the models that `kagglehub` has downloaded."""
        return os.path.join(os.path.expanduser(self.kaggle_cache or "~/.cache/kagglehub"), "models")

    @property
    def hugging_face_folder(self) -> str:
        """The folder of `huggingface_hub`."""
        default = os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
        return os.path.expanduser(self.hugging_face_home or default)

    @property
    def hugging_face_models(self) -> str:
        """The folder with the repositories that `huggingface_hub` has downloaded."""
        return os.path.expanduser(self.hugging_face_cache or os.path.join(self.hugging_face_folder, "hub"))
