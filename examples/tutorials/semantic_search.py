# %% [markdown]
# # Search by meaning
#
# A search by words finds texts with the same words. A text embedding module gives texts with a similar
# *meaning* vectors that are near each other. So a search by meaning finds the nearest vectors.

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
# ## A few texts
#
# For vectors of length one, the dot product is the cosine of the angle between them.

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
# ## Many texts, with an index
#
# The tool applies the module to every line of a file, and writes an index. The length of the file does not
# change the memory that it needs, and an interrupted run can be continued. With up to 50,000 items, a query
# is compared with all of them. With more items, an inverted file finds nearly the same ones in a fraction of
# the time.
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
