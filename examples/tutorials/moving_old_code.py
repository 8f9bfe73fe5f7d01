# %% [markdown]
# # Move old `hub.Module` code to today
#
# Much code was written for TensorFlow 1 and `hub.Module`. It runs here as it is, on today's TensorFlow.
# This page takes such a program and moves it in three steps; every step gives the same numbers, and you
# may stop at any of them.

# %% tags=["parameters"]
MODULE = "zoo/word-vectors-en/tf1/1"
SENTENCES = ["a wonderful film", "a dreadful bore"]

# %%
import numpy as np
import tensorflow as tf

import tensorflow_hub as hub

# %% [markdown]
# ## Step 0: as it was
#
# A graph and a session. The only change that `import tensorflow as tf` needs today is `tf.compat.v1`.

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
# `tf.compat.v1.wrap_function` runs the same graph code and gives a function. Nothing of the model's code
# changes.


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
# The module as an object. It is called like `hub.Module`, and has all signatures of the module.
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
# The module as a layer. Regularisation losses, update ops and the training variant are taken care of.

# %%
import keras

layer = hub.KerasLayer(MODULE, input_shape=[], dtype=tf.string, trainable=True)
model = keras.Sequential([layer, keras.layers.Dense(2)])
np.testing.assert_allclose(layer(tf.constant(SENTENCES)), as_it_was, atol=1e-6)
print(model(tf.constant(SENTENCES)).shape, "trainable:", len(layer.trainable_weights))

# %% [markdown]
# ## Handles of tfhub.dev
#
# Old code names modules by URLs of tfhub.dev. They work as they are: tfhub.dev is asked, then Kaggle, where
# its models were moved, then what is left elsewhere. To depend on none of these services, publish the modules
# on a hub of your own under the same names, and say so once instead of in every program:
#
# ```bash
# export TFHUB_MIRRORS="https://tfhub.dev/ -> http://127.0.0.1:8500/"
# ```
