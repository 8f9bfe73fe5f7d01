"""The feature cache: whole after any crash, and no larger than allowed."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tensorflow_hub.errors import CacheError
from tensorflow_hub.tools.feature_store import FeatureStore, make_room


def key(number):
    return number.to_bytes(32, "big")


def vector(number, dimension=50):
    return np.full(dimension, number, np.float32)


def fill(folder, module, count=2000, used=None):
    with FeatureStore(folder, module, "manner", 50) as store:
        store.write({key(i): vector(i) for i in range(count)})
    if used is not None:
        os.utime(store.path, (used, used))
    return store.path


def kept(folder, module):
    with FeatureStore(folder, module, "manner", 50) as store:
        return len(store.read([key(i) for i in range(2000)]))


def test_vectors_of_another_length_are_not_taken(tmp_path):
    fill(tmp_path, "a")
    with FeatureStore(tmp_path, "a", "manner", 50) as store:
        store.dimension = 49
        assert store.read([key(1)]) == {}


def test_the_store_that_was_not_used_for_longest_is_emptied_first(tmp_path):
    paths = {module: fill(tmp_path, module, used=1000 + i) for i, module in enumerate("abc")}
    one = paths["a"].stat().st_size
    make_room(tmp_path, 2 * one + one // 2, keep=paths["c"])
    assert paths["a"].stat().st_size < one / 10
    assert [kept(tmp_path, module) for module in "abc"] == [0, 2000, 2000]


def test_the_store_in_use_stays_however_large(tmp_path):
    path = fill(tmp_path, "a", used=1000)
    fill(tmp_path, "b", used=2000)
    make_room(tmp_path, 0, keep=path)
    assert [kept(tmp_path, module) for module in "ab"] == [2000, 0]


def test_a_store_is_emptied_under_a_process_that_has_it_open(tmp_path):
    fill(tmp_path, "a", used=1000)
    with FeatureStore(tmp_path, "a", "manner", 50) as store:
        make_room(tmp_path, 0, keep=tmp_path / "other")
        assert store.read([key(1)]) == {}
        store.write({key(1): vector(1)})
        assert store.read([key(1)])[key(1)].tolist() == vector(1).tolist()


WRITER = """
import sys
from pathlib import Path
import numpy as np
from tensorflow_hub.tools.feature_store import FeatureStore, make_room
folder = Path(sys.argv[1])
print("ready", flush=True)
while True:
    with FeatureStore(folder, "a", "manner", 50) as store:
        for start in range(0, 2000, 20):
            numbers = range(start, start + 20)
            store.write({i.to_bytes(32, "big"): np.full(50, i, np.float32) for i in numbers})
        print("full", flush=True)
    make_room(folder, 0, keep=folder / "other")
    print("empty", flush=True)
"""


@pytest.mark.parametrize("lines", [2, 3, 5])
def test_a_store_is_consistent_after_its_writer_was_killed(lines, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    for _ in range(lines):
        assert process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    with FeatureStore(tmp_path, "a", "manner", 50) as store:
        found = store.read([key(i) for i in range(2000)])
        assert len(found) % 20 == 0  # whole batches only
        for name, value in found.items():
            assert (value == int.from_bytes(name, "big")).all()
        store.write({key(i): vector(i) for i in range(2000)})
    assert kept(tmp_path, "a") == 2000


def test_a_damaged_store_is_named(tmp_path):
    path = fill(tmp_path, "a")
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(CacheError, match=r"The feature cache '.*' cannot be used: file is not a database"):
        FeatureStore(tmp_path, "a", "manner", 50)
