"""The command, as a process, where Kaggle, Hugging Face, tfhub.dev and a storage are servers of the test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hugging_face_server import HuggingFaceServer
from kaggle_server import KaggleServer
from tfhub_dev_server import TfhubDevServer


class Services:
    """Hugging Face, Kaggle, and tfhub.dev in front of that; runs `tfhub` with settings that lead to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kaggle = KaggleServer()
        self.tfhub_dev = TfhubDevServer(self.kaggle)
        self.hugging_face = HuggingFaceServer()
        buckets = ("https://storage.googleapis.com/", "https://gcs.tensorflow.google.cn/")
        self.settings = {
            "TFHUB_DEV_ENDPOINT": self.tfhub_dev.url,
            "KAGGLE_API_ENDPOINT": self.kaggle.url,
            "HF_ENDPOINT": self.hugging_face.url,
            "TFHUB_MIRRORS": "; ".join(f"{bucket} -> {self.kaggle.storage.url}/" for bucket in buckets),
            "TFHUB_RETRIES": "0",
        }

    def close(self) -> None:
        self.tfhub_dev.close()
        self.kaggle.close()
        self.hugging_face.close()

    def tfhub(self, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, sys.path))
        return subprocess.run(
            [sys.executable, "-m", "tensorflow_hub", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path, **self.settings, **variables},
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
