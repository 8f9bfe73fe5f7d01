# %% [markdown]
# # Classify texts
#
# Is a review positive or negative? A text embedding module turns a sentence into a vector. In these vectors
# a linear classifier can separate many classes, so it needs little data.
#
# You need a table with a column of texts and a column of labels, and a module that takes strings. In the
# shell:
#
# ```bash
# tfhub retrain text reviews.csv --module zoo/universal-sentence-encoder-lite/1 -o my_text_model
# tfhub label my_text_model --text "Two hours I would like to have back."
# ```

# %% tags=["parameters"]
REVIEWS = "reviews.csv"
MODULE = "zoo/universal-sentence-encoder-lite/1"

# %%
import csv

import keras
import numpy as np
import tensorflow as tf

import tensorflow_hub as hub

# %% [markdown]
# ## Try the module

# %%
embed = hub.load(MODULE)
vectors = embed(tf.constant(["a wonderful film", "a lovely film", "a dreadful bore"]))
print(vectors.shape)

# %% [markdown]
# ## Train with the tool
#
# One call reads the table, keeps a part of it for the test, computes the vectors, and fits the classifier. It
# writes a model, a report, and a card for publishing.

# %%
outcome = hub.tools.retrain_text(REVIEWS, MODULE, "my_text_model", overwrite=True)
print("labels:", outcome.labels)
print("accuracy on held-out texts:", outcome.accuracy)

# %% [markdown]
# ## Train in Keras
#
# This is the same as a Keras model. `KerasLayer` takes strings. The module itself splits them and looks up
# the words, so this is done in the same way in training and in production. Here each epoch runs the module
# on every text again, so we use only a part of the texts.

# %%
with open(REVIEWS, encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))[:2000]
labels = sorted({row["label"] for row in rows})
texts = tf.constant([row["text"] for row in rows])
classes = np.array([labels.index(row["label"]) for row in rows])

model = keras.Sequential(
    [
        hub.KerasLayer(MODULE, input_shape=[], dtype=tf.string, trainable=False),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dense(len(labels)),
    ]
)
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
dataset = tf.data.Dataset.from_tensor_slices((texts, classes)).shuffle(len(rows), seed=1).batch(32)
history = model.fit(dataset, epochs=5, verbose=0)
print("loss by epoch:", np.round(history.history["loss"], 3))

# %%
scores = model(tf.constant(["what a wonderful, moving film", "dull and tedious"]))
print([labels[i] for i in np.argmax(scores, axis=1)])
