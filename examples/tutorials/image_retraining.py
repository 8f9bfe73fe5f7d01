# %% [markdown]
# # Train a classifier for your own pictures
#
# A network that was trained on a million photographs has learned general features: edges, textures, wheels,
# ears. You can use these features again. Then a few hundred photos are enough to train a classifier for
# *your* classes.
#
# You need a folder of photos with a folder for each class, and an image feature vector module. `make zoo`
# builds some. You can use any module with this interface. In the shell, the commands of this page are
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
# ## Check the module
#
# `hub.check_interface` reads the description of the module, and does not load it. `tfhub check` and the page
# of the module also show the size of its images. The tool resizes your photos to this size.

# %%
(interface,) = hub.check_interface(MODULE, "image-feature-vector")
print(interface.name, "by", interface.where)

# %% [markdown]
# ## Train
#
# The module computes the features of each photo once. They are stored on disk, so a second run does not
# compute them again. Then a classifier is fitted to the features. A part of the photos is kept for the test.
# It is chosen by the hash of their bytes.

# %%
outcome = hub.tools.retrain_image(PHOTOS, MODULE, "my_model", overwrite=True)
print("labels:", outcome.labels)
print("accuracy on held-out photos:", outcome.accuracy)

# %% [markdown]
# Open `my_model/report.html`. It has learning curves, the confusion matrix, and the photos that were
# classified wrongly with the highest scores. Often these photos have a wrong label.
#
# ## Use it

# %%
photo = next(path for path in sorted(Path(PHOTOS).rglob("*")) if path.is_file())
for labelled in hub.tools.Labeller("my_model").images([photo]):
    print(photo.name, "→", labelled.label)

# %% [markdown]
# `my_model/model` is an ordinary SavedModel, which TensorFlow Serving can run.
#
# ## The same in Keras
#
# The module is a layer like any other. With `trainable=True` its weights are trained too. Then use a small
# learning rate.

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
