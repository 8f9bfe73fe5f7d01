# %% [markdown]
# # Try another module
#
# Modules of one interface take and give the same kind of thing, so that trying another one is changing a
# string. Which one is best for *your* data is a question of measuring, not of reading.

# %% tags=["parameters"]
REVIEWS = "reviews.csv"
MODULES = ["zoo/universal-sentence-encoder-lite/1", "zoo/word-vectors-en/tf2/1"]

# %%
import tensorflow as tf

import tensorflow_hub as hub

# %% [markdown]
# ## The string is all that changes

# %%
for module in MODULES:
    embed = hub.load(module)
    print(module, embed(tf.constant(["a sentence"])).shape)

# %% [markdown]
# ## Measure
#
# `compare` solves the same classifier on each module's features of the same examples, and says what each
# costs: size, memory, time. In the shell:
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
# Where the intervals overlap much, the modules do not differ for certain; take the smaller one.

# %%
print("best:", comparison.best.module)
