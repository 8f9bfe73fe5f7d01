# %% [markdown]
# # Publish a module of your own
#
# A module is a function with state: weights, vocabularies, and the graph that uses them. If it has the usual
# interface, others can use it in one line, and train it further.

# %% tags=["parameters"]
HUB = "http://127.0.0.1:8500"  # `tfhub serve` runs one
TOKEN = None  # by default TFHUB_TOKEN, or what `tfhub login` keeps

# %%
import shutil
from pathlib import Path

import numpy as np
import tensorflow as tf

import tensorflow_hub as hub

for folder in ("as_tf2", "as_tf1"):
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier run
Path("words.txt").write_text("good\nbad\nfilm\n", encoding="utf-8")
VECTORS = np.array([[1, 0], [-1, 0], [0, 1], [0, 0]], np.float32)  # the last row: unknown words

# %% [markdown]
# ## As a TF2 SavedModel
#
# The *Reusable SavedModel* interface has four parts: `__call__` with an argument `training`, `variables`,
# `trainable_variables` and `regularization_losses`. With these, `hub.KerasLayer(..., trainable=True)` can
# train the module. `__call__` is traced for both values of `training`, also if they do the same, as here.
#
# Files in a lookup table or a `tf.saved_model.Asset` are copied into the module.


# %%
def word_table():
    """Words → rows; unknown words go to one row more."""
    lines = tf.lookup.TextFileInitializer(
        "words.txt",
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    return tf.lookup.StaticVocabularyTable(lines, num_oov_buckets=1)


class Embedding(tf.train.Checkpoint):
    """Strings `[batch]` → float32 `[batch, 2]`."""

    def __init__(self):
        super().__init__()
        self.table = word_table()
        self.vectors = tf.Variable(VECTORS, name="vectors")
        self.variables = [self.vectors]
        self.trainable_variables = [self.vectors]
        self.regularization_losses = []

    @tf.function
    def __call__(self, sentences, training=False):
        """Adds up the vectors of a sentence's words."""
        rows = self.table.lookup(tf.strings.split(sentences).to_sparse())
        return tf.nn.safe_embedding_lookup_sparse(self.vectors, rows, combiner="sum")


embedding = Embedding()
for training in (False, True):
    embedding.__call__.get_concrete_function(tf.TensorSpec([None], tf.string, "sentences"), training=training)
tf.saved_model.save(embedding, "as_tf2")
for met in hub.check_interface("as_tf2"):
    print(met.name, met.missing or "complete")

# %% [markdown]
# ## In TF1 Hub format
#
# This format is for programs that use `hub.Module`. A function builds the graph. The signature names its
# inputs and outputs.


# %%
def module_fn():
    """Builds the graph."""
    sentences = tf.compat.v1.placeholder(tf.string, [None])
    vectors = tf.compat.v1.get_variable("vectors", initializer=VECTORS)
    rows = word_table().lookup(tf.strings.split(sentences).to_sparse())
    hub.add_signature(
        inputs=sentences, outputs=tf.nn.safe_embedding_lookup_sparse(vectors, rows, combiner="sum")
    )


with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    module = hub.Module(hub.create_module_spec(module_fn))
    session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
    module.export("as_tf1", session)

# %% [markdown]
# ## Publish
#
# A card is the documentation. Its first line has the name, the comments have fields for search, and the
# rest is any Markdown. `tfhub check as_tf2 --card card.md` lists problems for which a hub would refuse it.
#
# A version never changes. To run this cell again after a change, write `/2` into the first line.

# %%
CARD = """# Module acme/three-words/1
Knows three words.

<!-- task: text-embedding -->
<!-- language: en -->
<!-- license: apache-2.0 -->
<!-- fine-tunable: true -->

## Overview

Adds up the vectors of the words *good*, *bad* and *film*.
"""
published = hub.publish("as_tf2", card=CARD, hub=HUB, token=TOKEN)
print(published.url)

# %% [markdown]
# The URL is a page in a browser, and a handle in code:

# %%
print(hub.load(published.url)(tf.constant(["good film", "bad film"])).numpy())
