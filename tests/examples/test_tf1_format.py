"""The examples for authors of modules in TF1 Hub format, run as a publisher would run them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.tf1


def script(path):
    specification = importlib.util.spec_from_file_location(f"example_{Path(path).stem}", EXAMPLES / path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_half_plus_two(tmp_path, capsys):
    script("half_plus_two/half_plus_two.py").main(["--export_dir", str(tmp_path / "module")])
    assert capsys.readouterr().out.count("[2.  2.5 4. ]") == 2


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("3 2\ncat 1 0\ndog 0 1\nrare 5 5\n")
    frequencies = tmp_path / "frequencies.txt"
    frequencies.write_text("cat 10\ndog 7\nrare 1\n")
    return ["--embedding_file", str(path), "--vocab_frequencies", str(frequencies), "--min_count", "2"]


@pytest.mark.parametrize(
    ("combiner", "expected"),
    [("sum", [2, 1]), ("mean", [2 / 3, 1 / 3]), ("sqrtn", [2 / np.sqrt(3), 1 / np.sqrt(3)])],
)
def test_text_embedding_exporter(words, combiner, expected, tmp_path, capsys):
    target = tmp_path / "export"
    flags = [*words, "--combiner", combiner, "--oov_buckets", "2", "--export_dir", str(target)]
    script("text_embedding_exporter/export.py").main(flags)
    assert "2 words, 2 dimensions" in capsys.readouterr().out
    texts = ["Cat, dog... CAT!", "", "rare", "unknown"]
    with hub.eval_function_for_module(target / "tf1") as embed:
        vectors = embed(texts)
    np.testing.assert_allclose(vectors[0], expected, rtol=1e-6)
    np.testing.assert_array_equal(vectors[1], [0, 0])
    assert np.abs(vectors[2:]).max() < 0.1
    loaded = hub.load(target / "tf2")
    np.testing.assert_allclose(loaded(tf.constant(texts)), vectors, rtol=1e-6)
    assert len(loaded.trainable_variables) == 1
    assert sorted(p.name for p in (target / "tf1" / "assets").iterdir()) == ["vocabulary.txt"]


@pytest.mark.assets
def test_mnist(tmp_path, capsys):
    script("mnist/mnist.py").main(["--export_dir", str(tmp_path / "module"), "--steps", "120"])
    assert float(capsys.readouterr().out.split()[-1]) > 0.9
    spec = hub.load_module_spec(tmp_path / "module")
    assert sorted(map(sorted, spec.get_tags())) == [[], ["train"]]
    assert hub.get_expected_image_size(spec) == [28, 28]
