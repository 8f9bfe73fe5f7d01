"""Writes the card of a retrained classifier, ready to publish with it."""

from __future__ import annotations

import re

from tensorflow_hub.client.measurements import name_on_hub
from tensorflow_hub.errors import DataError, HandleError
from tensorflow_hub.handles import parse_version_name
from tensorflow_hub.network.foreign_text import one_line
from tensorflow_hub.tools.retrain.outcome import Outcome

# The argument of the signature in examples of its use.
EXAMPLE_INPUT = {
    "image": 'image_bytes=tf.constant([open("photo.jpg", "rb").read()])',
    "text": 'text=tf.constant(["One text"])',
}


def model_name(outcome: Outcome) -> str:
    """Returns the name that the user gave to the model, or one made of the name of the output folder."""
    if outcome.options.name:
        return outcome.options.name
    slug = re.sub(r"[^a-z0-9]+", "-", outcome.output.resolve().name.lower()).strip("-") or "classifier"
    return f"my-publisher/{slug}/1"


def require_name(name: str | None) -> None:
    """Checks the name that the user gave.

    Raises:
      DataError: the name is not `publisher/model/version`.
    """
    if name is None:
        return
    try:
        parse_version_name(name)
    except HandleError as error:
        raise DataError(error.problem, hint=error.hint) from error


def card_text(outcome: Outcome, name: str) -> str:
    """Returns the card, in the Markdown of the documentation files of tfhub.dev."""
    kind = outcome.dataset.kind
    labels = ", ".join(f"`{_inline(label)}`" for label in outcome.labels[:50])
    more = f" and {len(outcome.labels) - 50} more" if len(outcome.labels) > 50 else ""
    what = "images" if kind == "image" else "texts"
    scores = "independent probabilities" if outcome.dataset.multi_label else "probabilities that sum to 1"
    first = f" after `{_inline(outcome.options.preprocessor)}`" if outcome.options.preprocessor else ""
    tunable = "true" if outcome.options.fine_tune else "false"
    return f"""# Module {name}

Classifies {what} into {len(outcome.labels)} classes, on the features of {_inline(outcome.module)}.

<!-- task: {kind}-classification -->
<!-- fine-tunable: {tunable} -->
<!-- format: saved_model_2 -->
{_derived_from(outcome.module, outcome.options.preprocessor)}
## Classes

{labels}{more}

## How good it is

{_figures(outcome)}

Trained on {len(outcome.splits.train)} examples, chosen on {len(outcome.splits.validation)}, all of one
collection: on other {what} it may be worse.

## Use

```python
import tensorflow as tf
import tensorflow_hub as hub
classifier = hub.load("{name}").signatures["serving_default"]
result = classifier({EXAMPLE_INPUT[kind]})
result["label"], result["scores"]
```

The scores are {scores}, in the order of `assets/labels.txt`.

## Made from

Module `{_inline(outcome.module)}`{first}, content `{outcome.digest}`.
The licence of the module holds for its part.
"""


def _derived_from(*modules: str | None) -> str:
    """Returns the fields for the modules that it is made from, except for directories of this machine."""
    named = [
        name_on_hub(module) or (_inline(module) if "://" in module else "") for module in modules if module
    ]
    return "".join(f"<!-- derived-from: {name} -->\n" for name in named if name and "--" not in name)


def _figures(outcome: Outcome) -> str:
    evaluation = outcome.evaluation
    if not outcome.measured:
        return "Not measured: no example was left for it."
    what = "Examples whose labels are all right" if outcome.dataset.multi_label else "Accuracy"
    rows = "\n".join(f"| {_inline(c.label)} | {c.recall} | {c.precision} |" for c in evaluation.classes)
    return f"""{what}, on {len(outcome.measured)} {outcome.measured_on} examples, with the 95 % interval:
{evaluation.accuracy}.

| Class | found (recall) | right when said (precision) |
|---|---|---|
{rows}"""


def _inline(text: str) -> str:
    """Returns a text of the user as one line, without characters that have a meaning in Markdown or HTML."""
    return one_line(text, 200).translate({ord(c): None for c in "`<>|"})
