# %% [markdown]
# # Classify texts
#
# Is this review pleased or annoyed? A text-embedding module turns a sentence into a vector in which such
# things are nearly a straight line apart, so that little data and a small classifier suffice.
#
# You need a table with a column of texts and one of labels, and a module that takes strings. In the
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
# ## A look at the module

# %%
embed = hub.load(MODULE)
vectors = embed(tf.constant(["a wonderful film", "a lovely film", "a dreadful bore"]))
print(vectors.shape)

# %% [markdown]
# ## Train with the tool
#
# One call reads the table, holds out a part, computes the vectors once, solves the classifier and writes
# a model, a report and a card that is ready to publish.

# %%
outcome = hub.tools.retrain_text(REVIEWS, MODULE, "my_text_model", overwrite=True)
print("labels:", outcome.labels)
print("accuracy on held-out texts:", outcome.accuracy)

# %% [markdown]
# ## Train in Keras
#
# The same as a model of your own. `KerasLayer` takes the strings themselves: whatever splits and looks up
# words is inside the module, so it cannot be done differently in production. Here every epoch runs the
# module on every text again, so a part of them has to do.

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
