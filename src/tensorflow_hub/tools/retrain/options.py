"""The options of retraining."""

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
    """How to retrain. Every field has a default that suits a few hundred examples.

    Attributes:
      validation: the share of the examples, by content hash, that chooses the head.
      test: the share that only measures the result.
      seed: of the split, of augmentation and of fine-tuning.
      penalty: weight of the squared norm in the head's loss; None chooses it on the validation examples.
      class_weights: `none`, or `balanced`: rare classes count as much as common ones.
      multi_label: an example may have any number of labels.
      augment: how many changed copies (flipped, cropped, lighter or darker) of each training image to add.
      fine_tune: after the head, continue with a small learning rate on the whole.
      epochs: of fine-tuning, at most; it stops early when the validation loss rises.
      learning_rate: of fine-tuning.
      batch_size: examples that go through the module at once; None: 32 images or 256 texts.
      tflite: also write a TFLite file.
      signature: the module's signature to use; None: the object itself or the usual one.
      output_key: the module's output to use; None: `default` or the only one.
      preprocessor: for a text encoder in two parts, the handle of the first.
      image_size: (height, width) for a module that takes any size.
      cache: use the feature cache.
      cache_folder: where it lies; None: `$TFHUB_FEATURE_CACHE` or the user's cache folder.
      name: the model's name on its card, `publisher/model/version`.
      overwrite: replace the files of an earlier run in the output folder.
      progress: called with the step ("features", "fine-tuning", …), how far it is, and of how much.
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
        """The folder of the feature cache; None when it is off."""
        if not self.cache:
            return None
        return Path(self.cache_folder) if self.cache_folder else default_folder()
