"""Servers that speak for Kaggle, Hugging Face and tfhub.dev, and the settings that lead to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hugging_face_server import HuggingFaceServer
from kaggle_server import KaggleServer
from tfhub_dev_server import TfhubDevServer


@pytest.fixture(autouse=True)
def _few_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is asked twice, not six times."""
    monkeypatch.setenv("TFHUB_RETRIES", "1")


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch) -> Iterator[KaggleServer]:
    server = KaggleServer()
    monkeypatch.setenv("KAGGLE_API_ENDPOINT", server.url)
    yield server
    server.close()


@pytest.fixture
def hugging_face(monkeypatch: pytest.MonkeyPatch) -> Iterator[HuggingFaceServer]:
    server = HuggingFaceServer()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    yield server
    server.close()


@pytest.fixture
def tfhub_dev(kaggle: KaggleServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[TfhubDevServer]:
    """tfhub.dev, in front of Kaggle; its buckets are in Kaggle's storage."""
    server = TfhubDevServer(kaggle)
    monkeypatch.setenv("TFHUB_DEV_ENDPOINT", server.url)
    buckets = ("https://storage.googleapis.com/", "https://gcs.tensorflow.google.cn/")
    monkeypatch.setenv("TFHUB_MIRRORS", "; ".join(f"{place} -> {kaggle.storage.url}/" for place in buckets))
    yield server
    server.close()
