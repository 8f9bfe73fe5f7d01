# %% [markdown]
# # Search by meaning
#
# A search by words finds what has the same words. With a text-embedding module, texts that *mean* the
# same are near each other, and search is finding the nearest vectors.

# %% tags=["parameters"]
MODULE = "zoo/universal-sentence-encoder-lite/1"
SENTENCES = [
    "How do I reset my password?",
    "Where can I download my invoices?",
    "The app crashes when I open a photo.",
    "Can I pay by bank transfer?",
    "I cannot log in any more.",
]
QUERY = "I forgot the secret word for my account"

# %%
from pathlib import Path

import numpy as np
import tensorflow as tf

import tensorflow_hub as hub

# %% [markdown]
# ## By hand, to see that there is no magic
#
# Vectors of length one; the cosine of the angle between two of them is their product.

# %%
embed = hub.load(MODULE)


def unit_vectors(texts):
    """Vectors of length one, float32 `[texts, dimensions]`."""
    vectors = embed(tf.constant(texts)).numpy()
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


library = unit_vectors(SENTENCES)
cosines = library @ unit_vectors([QUERY])[0]
for row in np.argsort(-cosines)[:3]:
    print(f"{cosines[row]:.2f}  {SENTENCES[row]}")

# %% [markdown]
# ## With an index, for many
#
# The tool applies the module to every line of a file, with bounded memory and resumably, and keeps an
# index. Up to 50,000 items it compares all of them; above, it builds a graph that finds nearly the same
# in a fraction of the time.
#
# ```bash
# tfhub neighbours build zoo/universal-sentence-encoder-lite/1 questions.txt -o questions_index
# tfhub neighbours query questions_index "I forgot the secret word for my account"
# tfhub neighbours serve questions_index
# ```

# %%
Path("questions.txt").write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
hub.tools.build_neighbours(MODULE, "questions.txt", "questions_index", overwrite=True)
for neighbour in hub.tools.Finder("questions_index").texts([QUERY], k=3)[0]:
    print(f"{neighbour.cosine:.2f}  {neighbour.text}")
