"""The help of `tfhub apply`: its limits are those of the code."""

from __future__ import annotations

from inspect import signature

import pyarrow as pa
import pyarrow.parquet as pq

from tensorflow_hub.cli.apply import command
from tensorflow_hub.tools.batches import batches_by_length
from tensorflow_hub.tools.bulk.inputs import open_input


def test_the_help_says_how_large_a_batch_can_be(tmp_path):
    pq.write_table(pa.table({"text": ["word"] * 20_000}), tmp_path / "data.parquet")
    most = max(batch.num_rows for batch in open_input(tmp_path / "data.parquet").rows())
    text = " ".join(command.help.split())
    assert f"at most {most:,} rows of a Parquet file" in text
    assert f"at most {signature(batches_by_length).parameters['padded'].default:,} characters" in text
