"""Checks the card (documentation in Markdown) of a version, and parses it for the catalogue."""

from __future__ import annotations

from tensorflow_hub.errors import CardError
from tensorflow_hub.format.card.rules import check_card
from tensorflow_hub.format.card.syntax import parse_card
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue.writing import CardText


def checked_card(text: str, name: ModelName, module: ModuleDescription | None = None) -> CardText:
    """Returns the parsed card of a version after checking it.

    Args:
      text: the card, in Markdown.
      name: the version that the card has to be about.
      module: the content of the version, to compare the card with; None when it is not known.

    Raises:
      CardError: the card breaks a rule, or is about another version. The message names the lines.
    """
    card = parse_card(text)
    problems = [problem for problem in check_card(card, module) if problem.severity == "error"]
    if problems:
        error = CardError(
            f"The card breaks {len(problems)} rule{'s' if len(problems) > 1 else ''}: "
            + " ".join(str(problem) for problem in problems[:5]),
            hint="Check it with `tfhub check card.md`.",
        )
        error.line = problems[0].line  # the message above has the line of each problem
        raise error
    if card.name != str(name):
        raise CardError(
            f"Expected a card about {name}, got one about {card.name}.",
            hint=f"Make its first line `# {card.kind.capitalize()} {name}`, or publish as {card.name}.",
        )
    return CardText(card.kind, text, card.description, card.metadata)
