"""The card of a copied module, made from the metadata that its source has."""

from __future__ import annotations

from tensorflow_hub.format.card.rules import check_text
from tensorflow_hub.format.card.vocabulary import known_values
from tensorflow_hub.handles import ModelName
from tensorflow_hub.network.foreign_text import one_line
from tensorflow_hub.resolving.sources.source import About

_LONGEST = 100_000  # characters of a description


def card_of(name: ModelName, handle: str, about: About) -> str:
    """Makes the card of a copied module.

    Args:
      name: the name of the module on the hub.
      handle: the handle that it was copied from.
      about: the metadata of its source. A description that would make the card invalid is not used.

    >>> from tensorflow_hub.resolving.sources.source import About
    >>> print(card_of(ModelName.parse("a/b/1"), "kaggle://a/b/tensorFlow2/c/1", About(license="Apache 2.0")))
    # Module a/b/1
    <BLANKLINE>
    Copied from kaggle://a/b/tensorFlow2/c/1.
    <BLANKLINE>
    <!-- task: other -->
    <!-- license: apache-2.0 -->
    <BLANKLINE>
    License, as its source names it: Apache 2.0.
    <BLANKLINE>
    """
    first = [f"# Module {name}", "", f"{one_line(about.title, 200)}. " if about.title else ""]
    first[-1] += f"Copied from {handle}."
    fields = ["<!-- task: other -->"]
    license_id = about.license.strip().lower().replace(" ", "-")
    if license_id in known_values("license"):
        fields.append(f"<!-- license: {license_id} -->")
    elif about.license:
        fields.append("<!-- license: custom -->")
    said = [f"License, as its source names it: {one_line(about.license, 200)}."] if about.license else []
    if about.page:
        said.append(f"Its page: <{about.page}>")
    plain = "\n".join([*first, "", *fields, "", *said, ""])
    with_description = f"{plain}\n{about.description[:_LONGEST]}\n" if about.description else plain
    card, problems = check_text(with_description)
    is_right = card is not None and not any(problem.severity == "error" for problem in problems)
    return with_description if is_right else plain
