"""What has to be there before a hub runs models: TensorFlow, and a system that lets it make a sandbox."""

from __future__ import annotations

import importlib.util

from tensorflow_hub import sandbox
from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.predicting.pool import remove_left_modules
from tensorflow_hub.server.publishing.steps import work_folder
from tensorflow_hub.server.settings import ServerSettings

# What runs models, and what decodes the pictures that they are given.
_PACKAGES = {"TensorFlow": "tensorflow", "Pillow": "PIL"}
_OFF = "or unset TFHUB_SERVER_PREDICT"


def prepare_predictions(settings: ServerSettings) -> None:
    """Makes sure that models can be run, and only in a sandbox.

    Raises:
      SettingsError: TensorFlow or Pillow is not installed, or the system has no sandbox; says what to do.
    """
    for name, module in _PACKAGES.items():
        if importlib.util.find_spec(module) is None:
            raise SettingsError(
                f"The hub is to run models (TFHUB_SERVER_PREDICT), and {name} is not installed.",
                hint=f"Run: pip install 'tensorflow-hub[tensorflow,tools,server]', {_OFF}.",
            )
    reason = sandbox.reason_against()
    if reason:
        raise SettingsError(
            f"The hub is to run models (TFHUB_SERVER_PREDICT), and cannot make a sandbox for them: {reason}.",
            hint="Let its user make user namespaces (docs/running_a_hub.md says how), " + _OFF + ".",
        )
    folder = settings.data_folder() / "work"
    if work_folder(settings) == folder:  # one of this hub alone
        remove_left_modules(folder)
