"""Checks that the hub can run models: TensorFlow is installed, and the system allows a sandbox."""

from __future__ import annotations

import importlib.util

from tensorflow_hub import sandbox
from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.predicting.pool import remove_left_modules
from tensorflow_hub.server.publishing.steps import work_folder
from tensorflow_hub.server.settings import ServerSettings

# The packages that run models, and that decode the pictures for them.
_PACKAGES = {"TensorFlow": "tensorflow", "Pillow": "PIL"}
_OFF = "or unset TFHUB_SERVER_PREDICT"


def prepare_predictions(settings: ServerSettings) -> None:
    """Checks that models can be run in a sandbox, and removes the folders of earlier processes.

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
            hint="Allow user namespaces for its user (see docs/running_a_hub.md), " + _OFF + ".",
        )
    folder = settings.data_folder() / "work"
    if work_folder(settings) == folder:  # one of this hub alone
        remove_left_modules(folder)
