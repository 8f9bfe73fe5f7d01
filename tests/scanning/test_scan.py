"""Programs as people wrote them: which handles and calls are found, and what is said of the calls."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorflow_hub.scanning.installed import Installed
from tensorflow_hub.scanning.notebooks import cells_of
from tensorflow_hub.scanning.parsing import parse_program
from tensorflow_hub.scanning.scan import scan

NEW, OLD = Installed((2, 21), 3), Installed((2, 15), 2)
ELMO = "https://tfhub.dev/google/elmo/3"


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "program.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return str(tmp_path)

    return write


def notebook(*cells: str, **metadata) -> str:
    listed = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": listed, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def handles_in(place: str) -> list[tuple[str, ...]]:
    return [call.handles for call in scan(place, NEW).calls]


# How the library is imported and called, each with the same handle.
CALLS = {
    "hub": "import tensorflow_hub as hub\nhub.load(H)",
    "the whole name": "import tensorflow_hub\ntensorflow_hub.load(H)",
    "a name of it": "from tensorflow_hub import load\nload(H)",
    "another name for it": "from tensorflow_hub import load as get\nget(H)",
    "everything": "from tensorflow_hub import *\nload(H)",
    "within a function": "def f():\n    import tensorflow_hub as h\n    return h.load(H)",
    "where it may be missing": (
        "try:\n    import tensorflow_hub as hub\nexcept ImportError:\n    hub = None\nhub.load(H)"
    ),
    "by its name as a text": "import importlib\nhub = importlib.import_module('tensorflow_hub')\nhub.load(H)",
    "an alias": "import tensorflow_hub as hub\nLayer = hub.KerasLayer\nLayer(H)",
    "a submodule": "from tensorflow_hub.keras_layer import KerasLayer\nKerasLayer(H)",
    "an old path": "from tensorflow_hub import module_v2\nmodule_v2.load(H)",
    "by the parameter's name": "import tensorflow_hub as hub\nhub.KerasLayer(trainable=True, handle=H)",
    "a column": "import tensorflow_hub as hub\nhub.text_embedding_column('key', module_spec=H)",
    "a column, by position": "import tensorflow_hub as hub\nhub.image_embedding_column('key', H)",
    "resolve": "import tensorflow_hub as hub\nhub.resolve(H)",
    "the registry": "from tensorflow_hub import registry\nregistry.resolver(H)",
    "partial": (
        "import functools, tensorflow_hub as hub\nfunctools.partial(hub.KerasLayer, H, trainable=True)"
    ),
    "a class of one's own": (
        "import tensorflow_hub as hub\nclass L(hub.KerasLayer):\n"
        "    def __init__(self):\n        super().__init__(H)"
    ),
    "a spec": "import tensorflow_hub as hub\nspec = hub.load_module_spec(H)",
}


@pytest.mark.parametrize("case", CALLS)
def test_calls_are_found_under_any_name(write, case):
    place = write(CALLS[case].replace("H", repr(ELMO)))
    assert (ELMO,) in handles_in(place)


# What stands in the place of the handle, and what it may be.
VALUES = {
    "a name": ("URL = 'https://tfhub.dev/a/b/1'", "URL", ["https://tfhub.dev/a/b/1"]),
    "f-string": ("n = 'b'\nv = 2", "f'https://tfhub.dev/a/{n}/{v}'", ["https://tfhub.dev/a/b/2"]),
    "a sum": ("base = 'https://tfhub.dev/'", "base + 'a/b' + '/1'", ["https://tfhub.dev/a/b/1"]),
    "percent": ("", "'https://tfhub.dev/%s/%d' % ('a/b', 1)", ["https://tfhub.dev/a/b/1"]),
    "format": ("", "'https://tfhub.dev/{}/{v}'.format('a/b', v=1)", ["https://tfhub.dev/a/b/1"]),
    "join": ("import os", "os.path.join('https://tfhub.dev/a', 'b', '1')", ["https://tfhub.dev/a/b/1"]),
    "a dictionary": (
        "D = {'x': 'https://tfhub.dev/a/x/1', 'y': 'https://tfhub.dev/a/y/1'}", "D['y']", ["https://tfhub.dev/a/y/1"]
    ),
    "a dictionary, any key": (
        "D = {'x': 'https://tfhub.dev/a/x/1', 'y': 'https://tfhub.dev/a/y/1'}",
        "D[key]",
        ["https://tfhub.dev/a/x/1", "https://tfhub.dev/a/y/1"],
    ),
    "settings in settings": ("C = {'m': dict(h='https://tfhub.dev/a/b/1')}", "C['m']['h']", ["https://tfhub.dev/a/b/1"]),
    "a choice": (
        "", "'https://tfhub.dev/a/x/1' if big else 'https://tfhub.dev/a/y/1'",
        ["https://tfhub.dev/a/x/1", "https://tfhub.dev/a/y/1"],
    ),
    "a default": ("import os", "os.environ.get('H', 'https://tfhub.dev/a/b/1')", ["https://tfhub.dev/a/b/1"]),
    "or": ("", "given or 'https://tfhub.dev/a/b/1'", ["https://tfhub.dev/a/b/1"]),
    "a flag": ("flags.DEFINE_string('module', 'https://tfhub.dev/a/b/1', 'help')", "FLAGS.module", ["https://tfhub.dev/a/b/1"]),
    "an option": (
        "p.add_argument('-m', '--tf-module', default='https://tfhub.dev/a/b/1')", "args.tf_module", ["https://tfhub.dev/a/b/1"]
    ),
    "an attribute": ("self.url = 'https://tfhub.dev/a/b/1'", "self.url", ["https://tfhub.dev/a/b/1"]),
    "of a class": ("class C:\n    URL = 'https://tfhub.dev/a/b/1'", "C.URL", ["https://tfhub.dev/a/b/1"]),
    "of Kaggle's client": ("import kagglehub", "kagglehub.model_download('a/b/tensorFlow2/c/1')", ["kaggle://a/b/tensorFlow2/c/1"]),
    "a name on a hub": ("", "'acme/words/1'", ["acme/words/1"]),
    "what is not known": ("", "unknown(1)", []),
    "itself": ("x = x", "x", []),
    "a path": ("", "'./export'", []),
    "a template that would fill the memory": ("", "'https://tfhub.dev/a/b/{:>1000000000}'.format(1)", []),
}  # fmt: skip


@pytest.mark.parametrize("case", VALUES)
def test_handles_are_known_where_the_text_tells(write, case):
    before, expression, expected = VALUES[case]
    place = write(f"import tensorflow_hub as hub\n{before}\nhub.load({expression})\n")
    [call] = [call for call in scan(place, NEW).calls if call.name == "hub.load"]
    assert list(call.handles) == expected
    assert call.expression


def test_loops_parameters_and_programs_beside_are_followed(write):
    write(
        "HANDLE = 'https://tfhub.dev/a/config/1'\nBY_NAME = {'x': 'https://tfhub.dev/a/named/1'}",
        "settings.py",
    )
    place = write(
        """
        import settings, tensorflow_hub as hub
        from settings import HANDLE, BY_NAME
        def build(handle, trainable=False):
            return hub.KerasLayer(handle)
        for name in ["b0", "b1"]:
            build(f"https://tfhub.dev/a/{name}/1")
        for key, url in {"c": "https://tfhub.dev/a/c/1"}.items():
            hub.load(url)
        hub.load(HANDLE)
        hub.load(settings.HANDLE)
        hub.load(BY_NAME["x"])
        """
    )
    assert handles_in(place) == [
        ("https://tfhub.dev/a/b0/1", "https://tfhub.dev/a/b1/1"),
        ("https://tfhub.dev/a/c/1",),
        ("https://tfhub.dev/a/config/1",),
        ("https://tfhub.dev/a/config/1",),
        ("https://tfhub.dev/a/named/1",),
    ]


def test_handles_count_wherever_they_are_written(write):
    place = write(
        """
        # See https://tfhub.dev/google/elmo/3, and https://example.com/page/1.
        CONFIG = {"encoder": "https://www.kaggle.com/models/google/elmo/tensorFlow1/elmo/3"}
        URLS = f"https://tfhub.dev/google/{name}/1", "https://tfhub.dev/google/part/"
        """
    )
    found = scan(place, NEW).handles
    assert list(found) == [ELMO, "https://www.kaggle.com/models/google/elmo/tensorFlow1/elmo/3"]
    assert [str(spot) for spot in found[ELMO]] == ["program.py:2"]


CHANGES = {
    "graph": "m = hub.Module('acme/words/1')",
    "estimator": "hub.LatestModuleExporter('x', f)",
    "tf_keras": "import keras, tf_keras\nhub.KerasLayer('acme/words/1')",
    "save": "import tensorflow as tf\nm = hub.load('acme/words/1')\ntf.saved_model.save(m, 'there')",
    "ops by name": "disable_v2_behavior()\nhub.Module('a/b/1')\ngraph.get_tensor_by_name('module/x:0')",
    "gone": "hub.create_module_from_thin_air()",
}


@pytest.mark.parametrize("topic", CHANGES)
def test_required_changes_are_reported(write, topic):
    place = write(f"import tensorflow_hub as hub\n{CHANGES[topic]}\n")
    changes = [change for call in scan(place, NEW).calls for change in call.changes]
    assert [change.topic for change in changes] == [topic]
    assert all(change.problem.endswith(".") and change.step.endswith(".") for change in changes)


@pytest.mark.parametrize(
    "program",
    [
        "import tensorflow as tf\ntf.compat.v1.disable_v2_behavior()\nhub.Module('acme/words/1')",
        "import tensorflow as tf\nwith tf.Graph().as_default():\n    hub.Module('acme/words/1')",
        "import tensorflow as tf\nm = hub.load('a/b/1')\ntf.saved_model.save(m, 'x', signatures=s)",
        "import tf_keras\nhub.KerasLayer('acme/words/1')",
        "from tensorflow_hub.resolver import tfhub_cache_dir\ntfhub_cache_dir()",
        "hub.load('acme/words/1').signatures",
    ],
)
def test_code_that_still_works_needs_no_change(write, program):
    place = write(f"import tensorflow_hub as hub\n{program}\n")
    assert [change for call in scan(place, NEW).calls for change in call.changes] == []


def test_required_changes_depend_on_the_installed_tensorflow(write):
    place = write(f"import tensorflow_hub as hub\n{CHANGES['estimator']}\n")
    assert [call.changes for call in scan(place, OLD).calls] == [()]


@pytest.mark.parametrize(
    "gone",
    ["from tensorflow_hub.resolver import DownloadManager\nclass M(DownloadManager): pass",
     "import tensorflow_hub\ntensorflow_hub.module_impl.Impl()",
     "from tensorflow_hub import tf_utils\ntf_utils.absolute_path('x')"],
)  # fmt: skip
def test_names_that_are_gone_are_named(write, gone):
    [change] = [change for call in scan(write(gone), NEW).calls for change in call.changes]
    assert change.topic == "gone"


PYTHON_2 = """
import tensorflow_hub as hub
print "loading", hub.Module("https://tfhub.dev/google/elmo/3")
try:
    exec "x = 1"
except (IOError, OSError), e:
    print >>sys.stderr, e
    raise ValueError, "no"
if a <> b: print `a`
"""


def test_python_2_is_read(write):
    found = scan(write(PYTHON_2), NEW)
    assert [call.handles for call in found.calls] == [(ELMO,)]
    [unread] = found.unread
    assert "It is Python 2 (line 3: Missing parentheses" in unread.reason


def test_lines_that_are_not_python_are_skipped_and_named(write):
    place = write(
        "import tensorflow_hub as hub\nthis is no python\nhub.load('acme/words/1')\nnor this here\n"
    )
    found = scan(place, NEW)
    assert [call.handles for call in found.calls] == [("acme/words/1",)]
    assert found.unread[0].reason.endswith("Lines 2, 4 were skipped.")


def test_what_is_no_program_at_all_is_searched_for_handles(write):
    place = write("((((((\n" * 300 + f"see {ELMO}\n")
    found = scan(place, NEW)
    assert list(found.handles) == [ELMO]
    assert "Its text was searched for handles" in found.unread[0].reason


def test_notebooks_with_magics_are_read(write):
    place = write(
        notebook(
            "%%capture\n!pip install tensorflow_hub\nimport tensorflow_hub as hub",
            "%%bash\npython retrain.py --tfhub_module https://tfhub.dev/google/shell/1",
            "files = !ls\n%matplotlib inline\nfor f in files:\n    !cat {f}\nhub.load?",
            f"%%time\nmodel = hub.load('{ELMO}')\nmodel??",
            "this is no python\nhub.load('acme/words/1')",
        ),
        "deep/er/demo.ipynb",
    )
    found = scan(place, NEW)
    assert [(call.handles, str(call.spot)) for call in found.calls] == [
        ((ELMO,), "deep/er/demo.ipynb, cell 4, line 2"),
        (("acme/words/1",), "deep/er/demo.ipynb, cell 5, line 2"),
    ]
    assert "https://tfhub.dev/google/shell/1" in found.handles
    assert [(unread.cell, unread.reason[-20:]) for unread in found.unread] == [(5, " Line 1 was skipped.")]


def test_notebooks_of_before_version_4_are_read(write):
    cells = [{"cell_type": "code", "input": ["import tensorflow_hub as hub\n", f"hub.load('{ELMO}')"]}]
    place = write(json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}), "old.ipynb")
    assert handles_in(place) == [(ELMO,)]


NO_NOTEBOOKS = {
    "no JSON": "{",
    "a list": "[]",
    "no cells": "{}",
    "cells that are none": '{"cells": 3}',
    "nested too deeply": "[" * 100_000 + "]" * 100_000,
    "another language": notebook("library(tfhub)", kernelspec={"language": "R"}),
}


@pytest.mark.parametrize("case", NO_NOTEBOOKS)
def test_something_that_is_not_a_notebook_is_named(write, case):
    found = scan(write(NO_NOTEBOOKS[case], "demo.ipynb"), NEW)
    assert found.programs == 0
    assert [unread.file for unread in found.unread] == ["demo.ipynb"]


@pytest.mark.parametrize(
    "expression",
    ["(" * 5000, "-" * 100_000 + "1", "a" + ".b" * 100_000, "+".join(["a"] * 100_000), "[" * 199 + "]" * 199],
    ids=["brackets", "signs", "attributes", "sums", "lists"],
)
def test_deep_nesting_ends_no_scan(write, expression):
    write("import tensorflow_hub as hub\nhub.load('acme/words/1')\n", "other.py")
    place = write(f"import tensorflow_hub as hub\nhub.load({expression})\n")
    assert ("acme/words/1",) in handles_in(place)


def test_names_that_lead_to_many_others_end_no_scan(write):
    names = "".join(f"n{i} = n{i + 1} + n{i + 1} if x else n{i + 1}\n" for i in range(200))
    assert handles_in(write(f"import tensorflow_hub as hub\n{names}hub.load(n0)\n")) == [()]


def test_files_that_are_no_text_or_too_large_are_named(tmp_path):
    (tmp_path / "binary.py").write_bytes(bytes(range(256)))
    (tmp_path / "huge.py").write_bytes(b"#" * (5 << 20))
    (tmp_path / "latin.py").write_bytes(b"# \xfc\nimport tensorflow_hub as hub\nhub.load('acme/words/1')\n")
    (tmp_path / "named.py").write_bytes(
        b"# -*- coding: cp1252 -*-\n# \x80\nimport tensorflow_hub as hub\nhub.load('acme/words/2')\n"
    )
    (tmp_path / "wide.py").write_text(
        "import tensorflow_hub as hub\nhub.load('acme/words/3')\n", encoding="utf-16"
    )
    found = scan(str(tmp_path), NEW)
    assert [call.handles for call in found.calls] == [(f"acme/words/{i}",) for i in (1, 2, 3)]
    assert {unread.file: unread.reason for unread in found.unread} == {
        "binary.py": "It is not text: it has zero bytes in it.",
        "huge.py": "Expected at most 4 MiB.",
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs links and pipes")
def test_links_out_of_the_folder_and_pipes_are_not_read(tmp_path):
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.py").write_text(f"# {ELMO}")
    (folder / "inner" / "here.py").write_text("x = 1")
    (folder / "link.py").symlink_to(outside / "secret.py")
    (folder / "folder").symlink_to(outside)
    (folder / "circle").symlink_to(folder)
    (folder / "within.py").symlink_to(folder / "inner" / "here.py")
    os.mkfifo(folder / "pipe.py")
    found = scan(str(folder), NEW)
    assert found.handles == {}
    assert found.programs == 1
    assert [unread.file for unread in found.unread] == ["folder", "link.py", "pipe.py"]


def test_environments_and_hidden_folders_are_left_out(write, tmp_path):
    for folder in (".git", "venv", "node_modules", "lib/site-packages"):
        write(f"# {ELMO}", f"{folder}/x.py")
    (tmp_path / "venv" / "pyvenv.cfg").write_text("")
    assert scan(str(tmp_path), NEW).programs == 0


def test_one_program_may_be_scanned(write, tmp_path):
    write(f"import tensorflow_hub as hub\nhub.load('{ELMO}')\n")
    found = scan(str(tmp_path / "program.py"), NEW)
    assert [str(call.spot) for call in found.calls] == ["program.py:2"]


def test_nothing_is_run_and_no_tensorflow_imported(write, tmp_path):
    place = write("import tensorflow_hub as hub\nopen('ran', 'w')\nhub.load('acme/words/1')\n")
    code = (
        "import sys; from tensorflow_hub.scanning.scan import scan; found = scan(sys.argv[1]);"
        "print(len(found.calls), 'tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, place], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert done.stdout == "1 False\n"
    assert not (tmp_path / "ran").exists()


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_any_text_is_parsed_or_refused(text):
    parsed = parse_program(text)
    assert parsed.tree is not None or parsed.problem


@given(st.recursive(st.none() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(
    st.sampled_from(["cells", "worksheets", "cell_type", "source", "metadata", "language"]), v)))  # fmt: skip
def test_any_json_is_a_notebook_or_refused(value):
    with contextlib.suppress(ValueError):
        assert all(isinstance(cell.python, str) for cell in cells_of(json.dumps(value)))


def test_damaged_programs_end_no_scan(write, tmp_path):
    """Bytes of real programs are swapped; nothing but findings comes of it."""
    dice = random.Random(7)
    whole = (PYTHON_2 + CALLS["a class of one's own"].replace("H", repr(ELMO))) * 3
    for number in range(60):
        text = list(whole)
        for _ in range(dice.randrange(1, 40)):
            text[dice.randrange(len(text))] = chr(dice.randrange(32, 127))
        (tmp_path / f"p{number}.py").write_text("".join(text))
    assert scan(str(tmp_path), NEW).programs == 60
