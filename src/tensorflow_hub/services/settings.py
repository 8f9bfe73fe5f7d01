"""The settings of Kaggle's and Hugging Face's own clients that hold here too, and the address of tfhub.dev.

Who has set up `kagglehub` or `huggingface_hub` needs to set nothing again. `docs/settings.md` shows them.
"""

from __future__ import annotations

import dataclasses
import os

from tensorflow_hub.settings import from_environment, parse_bool, parse_hub_url, variable

_KAGGLE = "https://www.kaggle.com"


@dataclasses.dataclass(frozen=True)
class ServiceSettings:
    """The settings of one process for services of others, read once where they are needed."""

    tfhub_dev: str = variable(
        "TFHUB_DEV_ENDPOINT", "https://tfhub.dev", parse_hub_url, "Where tfhub.dev is asked for its models."
    )
    kaggle: str = variable(
        "KAGGLE_API_ENDPOINT", _KAGGLE, parse_hub_url, "Where Kaggle is asked for its models."
    )
    kaggle_token: str = variable(
        "KAGGLE_API_TOKEN", "", str, "A token of Kaggle, or the path of a file with one. Sent to Kaggle only."
    )
    kaggle_username: str = variable("KAGGLE_USERNAME", "", str, "With `KAGGLE_KEY`: the older kind of token.")
    kaggle_key: str = variable("KAGGLE_KEY", "", str, "See `KAGGLE_USERNAME`.")
    kaggle_config: str = variable(
        "KAGGLE_CONFIG_DIR",
        "",
        str,
        "The folder with `kaggle.json`; default `~/.kaggle`, where `access_token` is looked for too.",
    )
    kaggle_notebook_token: str = variable(
        "KAGGLE_API_V1_TOKEN", "", str, "The file with the token of a notebook on Kaggle; set there."
    )
    kaggle_notebook: str = variable(
        "KAGGLE_KERNEL_RUN_TYPE", "", str, "Set in notebooks on Kaggle: models attached to them are used."
    )
    kaggle_input: str = variable(
        "KAGGLE_CACHE_MOUNT_FOLDER", "/kaggle/input", str, "Where a notebook on Kaggle has attached models."
    )
    kaggle_cache: str = variable(
        "KAGGLEHUB_CACHE", "", str, "The cache of `kagglehub`, which is read; default `~/.cache/kagglehub`."
    )
    hugging_face: str = variable(
        "HF_ENDPOINT", "https://huggingface.co", parse_hub_url, "Where Hugging Face is asked for its models."
    )
    hugging_face_token: str = variable(
        "HF_TOKEN", "", str, "A token of Hugging Face. Sent to Hugging Face only."
    )
    hugging_face_old_token: str = variable(
        "HUGGING_FACE_HUB_TOKEN", "", str, "The older name of `HF_TOKEN`, heeded without it."
    )
    hugging_face_token_path: str = variable(
        "HF_TOKEN_PATH", "", str, "The file where `hf auth login` keeps the token; default `$HF_HOME/token`."
    )
    hugging_face_home: str = variable(
        "HF_HOME", "", str, "The folder of `huggingface_hub`; default `~/.cache/huggingface`."
    )
    hugging_face_cache: str = variable(
        "HF_HUB_CACHE", "", str, "The cache of `huggingface_hub`, which is read; default `$HF_HOME/hub`."
    )
    hugging_face_offline: bool = variable(
        "HF_HUB_OFFLINE", False, parse_bool, "Do not ask Hugging Face: what is cached works, the rest fails."
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
        """Where Kaggle's newer form of calls is: below it stand `models.ModelApiService/…`."""
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
