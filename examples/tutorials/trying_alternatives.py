# %% [markdown]
# # Try another module
#
# Modules with the same interface have the same inputs and outputs. To try another module, you change only its
# handle. Measure which one is best for *your* data.

# %% tags=["parameters"]
REVIEWS = "reviews.csv"
MODULES = ["zoo/universal-sentence-encoder-lite/1", "zoo/word-vectors-en/tf2/1"]

# %%
import tensorflow as tf

import tensorflow_hub as hub

# %% [markdown]
# ## Change the handle

# %%
for module in MODULES:
    embed = hub.load(module)
    print(module, embed(tf.constant(["a sentence"])).shape)

# %% [markdown]
# ## Measure
#
# `compare` fits the same classifier to the features of each module, for the same examples. It also measures
# size, memory and speed. In the shell:
#
# ```bash
# tfhub compare zoo/universal-sentence-encoder-lite/1 zoo/word-vectors-en/tf2/1 --data reviews.csv
# ```

# %%
comparison = hub.tools.compare(MODULES, REVIEWS)
fastest = max(measurement.examples_per_second for measurement in comparison.measurements)
for measurement in comparison.measurements:
    print(f"{measurement.module}: accuracy {measurement.accuracy}, {measurement.megabytes:.0f} MB,")
    print(f"  {fastest / measurement.examples_per_second:,.0f} × the time of the fastest")

# %% [markdown]
# If the intervals overlap much, the difference may be chance. Then use the smaller module.

# %%
print("best:", comparison.best.module)
