# %% [markdown]
# # Fine-tune a text module and publish it
#
# You can train a module further as part of your model. The result is a better module for your data. You can
# export it, and publish it as the next version.

# %% tags=["parameters"]
REVIEWS = "reviews.csv"
MODULE = "zoo/universal-sentence-encoder-lite/1"
MOST = 2500  # rows to take: enough to see the effect, in a minute or two

# %%
import csv
import shutil

import keras
import numpy as np
import tensorflow as tf

import tensorflow_hub as hub

with open(REVIEWS, encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))[:MOST]
labels = sorted({row["label"] for row in rows})
texts = np.array([row["text"] for row in rows], dtype=object)
classes = np.array([labels.index(row["label"]) for row in rows])
held_out = np.arange(len(rows)) % 5 == 0
print(f"{np.sum(~held_out)} texts to learn from, {np.sum(held_out)} held out")


# %% [markdown]
# ## First train the classifier
#
# The classifier on top of the module starts with random weights. Their gradients would damage the weights of
# the module. So the classifier is trained first, with a fixed module.


# %%
def batches(rows_wanted):
    """The texts and classes of some rows, in batches of 32."""
    pairs = (tf.constant(texts[rows_wanted].tolist()), classes[rows_wanted])
    return tf.data.Dataset.from_tensor_slices(pairs).shuffle(1000, seed=1).batch(32)


layer = hub.KerasLayer(MODULE, input_shape=[], dtype=tf.string, trainable=True)
layer.trainable = False
model = keras.Sequential([layer, keras.layers.Dense(len(labels))])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
model.fit(batches(~held_out), epochs=5, verbose=0)
print(f"fixed:      {model.evaluate(batches(held_out), verbose=0)[1]:.1%} right")

# %% [markdown]
# ## Then train the whole model
#
# Use a small learning rate and few epochs. The module was trained on much more data than yours, and a large
# rate destroys what it has learned.

# %%
before = [variable.numpy().copy() for variable in layer.resolved_object.trainable_variables]
layer.trainable = True
model.compile(keras.optimizers.Adam(0.0001), loss, metrics=["accuracy"])
model.fit(batches(~held_out), epochs=2, verbose=0)
print(f"fine-tuned: {model.evaluate(batches(held_out), verbose=0)[1]:.1%} right")
after = [variable.numpy() for variable in layer.resolved_object.trainable_variables]
print(
    "largest change of a weight:", max(float(np.abs(a - b).max()) for a, b in zip(after, before, strict=True))
)

# %% [markdown]
# ## Publish it
#
# `hub.save` writes the module with its new weights and the same interface. Publish it as the next version.
# Programs that name the old version still get the old one.
#
# ```bash
# tfhub check fine_tuned
# tfhub publish fine_tuned acme/sentences/2 --card card.md
# ```

# %%
shutil.rmtree("fine_tuned", ignore_errors=True)  # of an earlier run
hub.save(layer, "fine_tuned")
again = hub.load("fine_tuned")
sample = tf.constant(texts[:2].tolist())
np.testing.assert_allclose(again(sample), layer(sample), atol=1e-6)
