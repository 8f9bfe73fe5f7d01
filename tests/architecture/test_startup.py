"""Starting is fast and brings no TensorFlow: the library, every verb's help, resolving from the cache."""

from __future__ import annotations

import hashlib
import os
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


def best_seconds(code, runs=5):
    """Of the processor, not of the wall clock: other work on the machine must not fail a test."""
    times = []
    for _ in range(runs):
        before = os.times()
        run(code)
        after = os.times()
        times.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return min(times)


def loaded(code):
    """The heavy packages that are in memory after `code`."""
    program = f"import sys\n{code}\nprint('loaded', *sorted(set({HEAVY!r}) & set(sys.modules)))"
    return run(program).splitlines()[-1].split()[1:]


def test_importing_the_package_costs_little_more_than_starting_python():
    bare = best_seconds("pass")
    ours = best_seconds("import tensorflow_hub")
    assert ours - bare < 0.1


def test_importing_the_package_loads_nothing_heavy():
    assert loaded("import tensorflow_hub") == []


def test_help_loads_nothing_heavy_and_is_fast():
    code = "import tensorflow_hub.cli.main as m\ntry:\n  m.main(['--help'])\nexcept SystemExit: pass"
    assert loaded(code) == []
    assert best_seconds(code) - best_seconds("pass") < 0.3


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_the_help_of_a_verb_loads_no_tensorflow(verb):
    code = (
        f"import tensorflow_hub.cli.main as m\ntry:\n  m.main([{verb!r}, '--help'])\nexcept SystemExit: pass"
    )
    assert not set(loaded(code)) - {"numpy"}


def test_resolving_a_cached_handle_loads_no_tensorflow(tmp_path, monkeypatch):
    url = "http://127.0.0.1:9/acme/thing/1"  # nothing listens there: only the cache can answer
    module = tmp_path / hashlib.sha1(url.encode()).hexdigest()
    module.mkdir()
    (module / "saved_model.pb").write_bytes(b"\x08\x01")
    (module / "tfhub_module.pb").write_bytes(b"\x08\x03")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    code = f"import tensorflow_hub as hub; assert hub.resolve({url!r}) == {str(module)!r}"
    assert loaded(code) == []
    assert best_seconds(code) - best_seconds("pass") < 0.25
