"""The path under which programs import the feature columns."""

from __future__ import annotations

from tensorflow_hub.old_paths import forward

__getattr__ = forward(
    __name__,
    "image_embedding_column",
    "sparse_text_embedding_column",
    "text_embedding_column",
    "text_embedding_column_v2",
)
