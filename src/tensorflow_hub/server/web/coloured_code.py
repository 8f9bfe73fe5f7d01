"""Renders code as HTML with classes for syntax highlighting."""

from __future__ import annotations

import functools
import html
import itertools
from collections.abc import Mapping

from markupsafe import Markup
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType

# Token type of Pygments → class in the style sheet; the first match is used.
CLASSES: Mapping[_TokenType, str] = {
    Comment: "c",
    String: "s",
    Number: "n",
    Keyword: "k",
    Operator.Word: "k",
    Name.Function: "f",
    Name.Class: "f",
    Name.Decorator: "f",
    Name.Builtin: "f",
}
# Name of a language in cards → lexer of Pygments. The lexers of Java, C++, Kotlin and YAML are left out,
# because they take seconds for some texts.
_LANGUAGES: Mapping[str, str] = {
    **dict.fromkeys(("python", "py", "python3", "ipython"), "python"),
    **dict.fromkeys(("bash", "sh", "shell", "zsh"), "bash"),
    **dict.fromkeys(("javascript", "js"), "javascript"),
    "json": "json",
    "bibtex": "bibtex",
}
# Longer code is not coloured, because the time for it grows with the square of its length.
LONGEST = 4_000


def coloured(code: str, language: str = "") -> Markup:
    """Returns code as HTML. It is not coloured if the language is not known, or if the code is too long.

    >>> coloured("x = 1  # one", "python")
    Markup('x = <span class="n">1</span>  <span class="c"># one</span>')
    >>> coloured("a < b")
    Markup('a &lt; b')
    """
    name = _LANGUAGES.get(language)
    if name is None or len(code) > LONGEST:
        return Markup(html.escape(code))  # noqa: S704 - escaped
    return Markup(_coloured(code, name))  # noqa: S704 - escaped


@functools.lru_cache(maxsize=512)
def _coloured(code: str, name: str) -> str:
    words = ((_class(kind), text) for kind, text in _lexer(name).get_tokens(code))
    runs = itertools.groupby(words, key=lambda word: word[0])
    parts = ((kind, html.escape("".join(text for _, text in run))) for kind, run in runs)
    return "".join(f'<span class="{kind}">{text}</span>' if kind else text for kind, text in parts)


@functools.cache
def _lexer(name: str) -> Lexer:
    # With these options, the lexer neither removes nor adds line breaks.
    return find_lexer_class_by_name(name)(stripnl=False, ensurenl=False)


@functools.cache
def _class(kind: _TokenType) -> str:
    return next((found for known, found in CLASSES.items() if kind in known), "")
