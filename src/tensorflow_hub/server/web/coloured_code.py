"""Code → HTML whose words have classes, so that the style sheet can colour them."""

from __future__ import annotations

import functools
import html
import itertools
from collections.abc import Mapping

from markupsafe import Markup
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType

# Kind of word → class in the style sheet; the first that fits.
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
# What programs around models are written in: name in a card → lexer. Those of Java, C++, Kotlin and YAML
# are not among them: some texts take them seconds.
_LANGUAGES: Mapping[str, str] = {
    **dict.fromkeys(("python", "py", "python3", "ipython"), "python"),
    **dict.fromkeys(("bash", "sh", "shell", "zsh"), "bash"),
    **dict.fromkeys(("javascript", "js"), "javascript"),
    "json": "json",
    "bibtex": "bibtex",
}
# Longer code is shown without colours: finding its words takes time that grows with the square of its length.
LONGEST = 4_000


def coloured(code: str, language: str = "") -> Markup:
    """Code as HTML; without colours where the language is not one that is known here.

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
    # The code comes out as it went in: nothing is stripped or added.
    return find_lexer_class_by_name(name)(stripnl=False, ensurenl=False)


@functools.cache
def _class(kind: _TokenType) -> str:
    return next((found for known, found in CLASSES.items() if kind in known), "")
