"""`hub.Module`: from a module_fn or a directory into a graph, applied, exported."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub

v1 = tf.compat.v1
pytestmark = pytest.mark.tf1


def run(fetches, feed_dict=None):
    with v1.Session() as session:
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        return session.run(fetches, feed_dict)


@pytest.fixture
def text_module(tmp_path):
    """A text embedding with a vocabulary of three words and one out-of-vocabulary bucket."""
    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_text("a\nb\nc\n")
    values = np.arange(8, dtype=np.float32).reshape(4, 2)

    def module_fn():
        text = v1.placeholder(tf.string, [None])
        table = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(
                str(vocabulary),
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            1,
        )
        embeddings = v1.get_variable("embeddings", initializer=values)
        hub.add_signature(inputs=text, outputs=tf.gather(embeddings, table.lookup(text)))

    with tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(hub.create_module_spec(module_fn))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        module.export(tmp_path / "module", session)
    vocabulary.unlink()
    return tmp_path / "module"


def test_strings_become_vectors_through_a_vocabulary_that_travels_with_the_module(text_module):
    with tf.Graph().as_default():
        result = run(hub.Module(text_module)(["b", "zz", "a"]))
    np.testing.assert_array_equal(result, [[2, 3], [6, 7], [0, 1]])


def test_an_exported_module_has_the_files_of_the_format(text_module):
    files = sorted(str(p.relative_to(text_module)) for p in text_module.rglob("*") if p.is_file())
    assert files == [
        "assets/vocabulary.txt",
        "saved_model.pb",
        "tfhub_module.pb",
        "variables/variables.data-00000-of-00001",
        "variables/variables.index",
    ]
    assert (text_module / "tfhub_module.pb").read_bytes() == b"\x08\x03"
