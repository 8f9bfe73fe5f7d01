# %% [markdown]
# # Teach a model your own pictures
#
# A network that has seen a million photographs has learnt to see: edges, textures, wheels, ears. That
# part can be re-used. What remains is to say which of it means *your* classes, and a few hundred photos
# are enough for that.
#
# You need a folder of photos with a folder for each class, and an image feature vector module. `make zoo`
# builds some; any module of that interface will do. In the shell, all of this page is
#
# ```bash
# tfhub retrain image photos/ --module zoo/efficientnet-lite0/feature-vector/1 -o my_model
# tfhub label my_model photos/cat/1002.png
# ```

# %% tags=["parameters"]
PHOTOS = "photos"
MODULE = "zoo/efficientnet-lite0/feature-vector/1"

# %%
from pathlib import Path

import keras
import numpy as np

import tensorflow_hub as hub

# %% [markdown]
# ## Is it a module for this?
#
# It says so itself, without being loaded. (`tfhub check` and its page on the hub also tell the size of the
# images it takes; the tool sees to that.)

# %%
(interface,) = hub.check_interface(MODULE, "image-feature-vector")
print(interface.name, "by", interface.where)

# %% [markdown]
# ## Train
#
# Each photo goes through the module once; the features are kept on disk, so the next run starts where
# this one ended. Then a classifier is solved on the features. A part of the photos, chosen by the hash of
# their bytes, is held out.

# %%
outcome = hub.tools.retrain_image(PHOTOS, MODULE, "my_model", overwrite=True)
print("labels:", outcome.labels)
print("accuracy on held-out photos:", outcome.accuracy)

# %% [markdown]
# Open `my_model/report.html`: learning curves, the confusion matrix, and the photos it got wrong while
# most certain. Those are usually the ones with a wrong label.
#
# ## Use it

# %%
photo = next(path for path in sorted(Path(PHOTOS).rglob("*")) if path.is_file())
for labelled in hub.tools.Labeller("my_model").images([photo]):
    print(photo.name, "→", labelled.label)

# %% [markdown]
# `my_model/model` is an ordinary SavedModel: TensorFlow Serving takes it as it is.
#
# ## The same by hand, in Keras
#
# The module is a layer like any other. With `trainable=True` its own weights are trained as well; use a
# small learning rate then.

# %%
size = outcome.image_size
images = keras.utils.image_dataset_from_directory(
    PHOTOS, image_size=size, batch_size=16, seed=1, verbose=False
)
model = keras.Sequential(
    [
        keras.Input((*size, 3)),
        keras.layers.Rescaling(1 / 255),  # modules take values in [0, 1]
        hub.KerasLayer(MODULE, trainable=False),
        keras.layers.Dense(len(outcome.labels)),
    ]
)
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
history = model.fit(images, epochs=2, verbose=0)
print("loss by epoch:", np.round(history.history["loss"], 3))
