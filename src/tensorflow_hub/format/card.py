"""Cards of modules: `parse_card` reads a card, `check_card` returns the rules that it violates."""

from tensorflow_hub.format.card_rules import CardProblem, check_card, check_text
from tensorflow_hub.format.card_syntax import CARD_KINDS, WITHOUT_FILES, Card, parse_card

__all__ = ["CARD_KINDS", "WITHOUT_FILES", "Card", "CardProblem", "check_card", "check_text", "parse_card"]
