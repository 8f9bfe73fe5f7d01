"""Checks the options of retraining."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.tools.datasets.splits import require_shares
from tensorflow_hub.tools.feature_store import default_folder


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of retraining. The defaults suit a few hundred examples.

    Attributes:
      validation: the share of validation examples, which are used to choose the head.
      test: the share of test examples, which are used only to measure the result.
      seed: the seed of the split, of augmentation and of fine-tuning.
      penalty: the weight of the squared norm in the loss of the head; None chooses it by the validation
        examples.
      class_weights: `none`, or `balanced` to give rare classes the same weight as common ones.
      multi_label: whether an example may have any number of labels.
      augment: the number of changed copies (flipped, cropped, lighter or darker) of each training image.
      fine_tune: whether to train module and head together afterwards, with a small learning rate.
      epochs: the largest number of epochs of fine-tuning. It stops early if the validation loss rises.
      learning_rate: the learning rate of fine-tuning.
      batch_size: the number of examples in a batch; None for 8 images (32 with a GPU) or
        1024 texts.
      tflite: whether to write a TFLite file, too.
      signature: the module's signature to use; None for the object itself, or the usual signature.
      output_key: the module's output to use; None for `default`, or the only output.
      preprocessor: for a text encoder in two parts, the handle of the part that takes strings.
      image_size: (height, width) in pixels, for a module that takes any size.
      cache: whether to use the feature cache.
      cache_folder: its folder; None for `$TFHUB_FEATURE_CACHE`, or the user's cache folder.
      name: the name of the model on its card, `publisher/model/version`.
      overwrite: whether to replace the files of an earlier run in the output folder.
      progress: called with the step ("features", "fine-tuning", …), the work done, and all work of the step.
    """

    validation: float = 0.15
    test: float = 0.15
    seed: int = 0
    penalty: float | None = None
    class_weights: Literal["none", "balanced"] = "none"
    multi_label: bool = False
    augment: int = 0
    fine_tune: bool = False
    epochs: int = 5
    learning_rate: float = 3e-5
    batch_size: int | None = None
    tflite: bool = False
    signature: str | None = None
    output_key: str | None = None
    preprocessor: str | None = None
    image_size: tuple[int, int] | None = None
    cache: bool = True
    cache_folder: str | None = None
    name: str | None = None
    overwrite: bool = False
    progress: OnProgress | None = None

    def __post_init__(self) -> None:
        require_shares(self.validation, self.test)
        checks = {
            "penalty above 0": self.penalty is None or self.penalty > 0,
            "augment of 0 or more": self.augment >= 0,
            "epochs of 1 or more": self.epochs >= 1,
            "learning_rate above 0": self.learning_rate > 0,
            "batch_size of 1 or more": self.batch_size is None or self.batch_size >= 1,
            "class_weights 'none' or 'balanced'": self.class_weights in {"none", "balanced"},
        }
        for expected, holds in checks.items():
            if not holds:
                field = expected.split()[0]
                raise DataError(
                    f"Expected {expected}, got {getattr(self, field)!r}.",
                    hint=f"Leave {field} out for its default.",
                )

    @property
    def on_progress(self) -> OnProgress:
        """`progress`, or a function that does nothing."""
        return self.progress or ignore_progress

    def folder(self) -> Path | None:
        """Returns the folder of the feature cache; None if it is not used."""
        if not self.cache:
            return None
        return Path(self.cache_folder) if self.cache_folder else default_folder()
