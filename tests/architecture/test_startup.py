"""Starting is fast and brings no TensorFlow: the library, every verb's help, resolving from the cache."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys

import pytest

from tensorflow_hub.cli.main import VERBS

HEAVY = ("tensorflow", "keras", "tf_keras", "jax", "torch", "numpy", "pandas", "pyarrow")


def run(code, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=True
    ).stdout


def costs(code):
    """What `code` costs beyond starting Python, as a multiple of that: of 12 ms where the benchmarks run.

    Seconds of the processor and a ratio: a slow machine, or one with other work, must not fail a test.
    """
    bare = _best_seconds("pass")
    return (_best_seconds(code) - bare) / bare


def _best_seconds(code, runs=5):
    times = []
    for _ in range(runs):
        before = _seconds_of_children()
        run(code)
        times.append(_seconds_of_children() - before)
    return min(times)


def _seconds_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def loaded(code, heavy=HEAVY):
    """The heavy packages that are in memory after `code`."""
    program = f"import sys\n{code}\nprint('loaded', *sorted(set({heavy!r}) & set(sys.modules)))"
    return run(program).splitlines()[-1].split()[1:]


def test_importing_the_package_costs_little_more_than_starting_python():
    assert costs("import tensorflow_hub") < 8  # 0.1 s


def test_importing_the_package_loads_nothing_heavy():
    assert loaded("import tensorflow_hub") == []


def test_help_loads_nothing_heavy_and_is_fast():
    code = "import tensorflow_hub.cli.main as m\ntry:\n  m.main(['--help'])\nexcept SystemExit: pass"
    assert loaded(code) == []
    assert costs(code) < 25  # 0.3 s


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_the_help_of_a_verb_loads_no_tensorflow(verb):
    code = (
        f"import tensorflow_hub.cli.main as m\ntry:\n  m.main([{verb!r}, '--help'])\nexcept SystemExit: pass"
    )
    assert not set(loaded(code)) - {"numpy"}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/acme/thing/1",  # nothing listens there: only the cache can answer
        "https://tfhub.dev/acme/thing/1",
        "kaggle://acme/thing/tensorFlow2/small/1",
        "hf://acme/thing",
    ],
)
def test_resolving_a_cached_handle_loads_no_tensorflow(url, tmp_path, monkeypatch):
    module = tmp_path / hashlib.sha1(url.encode()).hexdigest()
    module.mkdir()
    (module / "saved_model.pb").write_bytes(b"\x08\x01")
    (module / "tfhub_module.pb").write_bytes(b"\x08\x03")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    code = f"import tensorflow_hub as hub; assert hub.resolve({url!r}) == {str(module)!r}"
    assert loaded(code, (*HEAVY, "google.protobuf", "requests")) == []
    assert costs(code) < 20  # 0.25 s
