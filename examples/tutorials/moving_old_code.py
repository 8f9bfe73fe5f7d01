# %% [markdown]
# # Move old `hub.Module` code to today
#
# Much code was written for TensorFlow 1 and `hub.Module`. It still runs on current TensorFlow. This page
# changes such a program in three steps. Each step computes the same numbers, so you can stop after any of
# them.

# %% tags=["parameters"]
MODULE = "zoo/word-vectors-en/tf1/1"
SENTENCES = ["a wonderful film", "a dreadful bore"]

# %%
import numpy as np
import tensorflow as tf

import tensorflow_hub as hub

# %% [markdown]
# ## Step 0: the old program
#
# It has a graph and a session. The only change for current TensorFlow is `tf.compat.v1`.

# %%
with tf.Graph().as_default():
    module = hub.Module(MODULE, trainable=True)
    features = module(SENTENCES)
    with tf.compat.v1.Session() as session:
        session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
        as_it_was = session.run(features)
print(as_it_was.shape)


# %% [markdown]
# ## Step 1: no session
#
# `tf.compat.v1.wrap_function` makes a function from the same graph code, which does not change.


# %%
def model_fn(sentences):
    """What used to be built in the graph."""
    return hub.Module(MODULE)(sentences)


wrapped = tf.compat.v1.wrap_function(model_fn, [tf.TensorSpec([None], tf.string)])
wrapped_features = wrapped(tf.constant(SENTENCES))
np.testing.assert_allclose(wrapped_features, as_it_was, atol=1e-6)

# %% [markdown]
# ## Step 2: `hub.load`
#
# `hub.load` returns an object. You call it like a `hub.Module`, and it has all signatures of the module.
#
# | TF1 | TF2 |
# |---|---|
# | `m = hub.Module(handle)` | `m = hub.load(handle)` |
# | `m(x)` | `m(x)` |
# | `m(x, signature="s", as_dict=True)` | `m.signatures["s"](x)` |
# | `hub.Module(handle, tags={"train"})` | `hub.load(handle, tags={"train"})` |
# | `m.variable_map` | `m.variables` |

# %%
loaded = hub.load(MODULE)
loaded_features = loaded(tf.constant(SENTENCES))
np.testing.assert_allclose(loaded_features, as_it_was, atol=1e-6)

# %% [markdown]
# ## Step 3: Keras
#
# Here the module is a layer. Keras adds its regularization losses, and the layer uses the graph variant for
# training and runs its update ops.

# %%
import keras

layer = hub.KerasLayer(MODULE, input_shape=[], dtype=tf.string, trainable=True)
model = keras.Sequential([layer, keras.layers.Dense(2)])
np.testing.assert_allclose(layer(tf.constant(SENTENCES)), as_it_was, atol=1e-6)
print(model(tf.constant(SENTENCES)).shape, "trainable:", len(layer.trainable_weights))

# %% [markdown]
# ## Handles of tfhub.dev
#
# Old code names modules by URLs of tfhub.dev. These still work. The library tries tfhub.dev, then Kaggle, to
# which the models were moved, then other places. To be independent of these services, publish the modules on
# your own hub under the same names. Then set one variable, and change no program:
#
# ```bash
# export TFHUB_MIRRORS="https://tfhub.dev/ -> http://127.0.0.1:8500/"
# ```
