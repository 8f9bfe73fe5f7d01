"""Renders cards as safe HTML. Cards are hostile Markdown: anybody may write one.

There are two protections against scripts, and each is enough alone: the sanitizer (an HTML parser) allows
only a short list of elements and attributes, and the Content-Security-Policy of the pages forbids inline
scripts and resources of other hosts. Pictures that were published with the card are shown. Others are shown
as links, so that neither the reader's browser nor this server loads anything from other hosts.
"""

from __future__ import annotations

import dataclasses
import functools
import html
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from tensorflow_hub.format.card.pictures import picture_path
from tensorflow_hub.server.web.coloured_code import CLASSES, coloured

# Only so many characters of a card are rendered, so that nobody can keep a server busy with long ones.
MAX_CARD = 100_000
# Links and tables take the most time. The largest card of tfhub.dev has 15,000 characters, 115 brackets and
# 4,000 cells of tables.
_MOST_BRACKETS = 5_000
_MOST_CELLS = 40_000
_MAX_NESTING = 40

_TAGS = {
    *("h2", "h3", "h4", "h5", "h6", "p", "div", "span", "blockquote", "pre", "code", "hr", "br", "a"),
    *("img", "b", "del", "em", "i", "s", "strong", "sub", "sup", "ol", "ul", "li"),
    *("table", "tbody", "thead", "td", "th", "tr"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "th": {"data-align"},
    "td": {"data-align", "rowspan", "colspan"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "pre": {"tabindex", "role", "aria-label"},
    "code": {"class"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "span": {"class"},
    "img": {"src", "alt", "width", "height", "loading"},
}
_CLASSES = {"div": {"table", "code-block"}, "span": {"image-link", *CLASSES.values()}}
# Parts that scroll separately can be reached with the keyboard, and have a name for screen readers.
_REGION = re.compile(r"(?:Code|Table) [0-9]{1,5} of the documentation")
_VALUES = {
    "tabindex": re.compile("0"),
    "role": re.compile("region"),
    "aria-label": _REGION,
    # Only pictures that were published with a card on this hub.
    "src": re.compile(r"/[A-Za-z0-9._/+-]{1,400}\?picture=[0-9a-f]{64}"),
    "width": re.compile("[0-9]{1,4}"),
    "height": re.compile("[0-9]{1,4}"),
    "loading": re.compile("lazy"),
}
# How many characters of the code in a card are coloured.
_MOST_COLOURED = 16_000
_SCHEMES = {"http", "https", "mailto"}
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# Neither pattern matches beyond the next "<", because otherwise a card full of "<" would take hours.
_ELEMENT = re.compile(r"<(script|style)\b[^<]*</\1>|<[^<>]*>", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b([^<>]*)>", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_SOURCE = re.compile(r"""\bsrc\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_RAW_TABLE, _RAW_TABLE_END = re.compile(r"<table\b", re.IGNORECASE), re.compile(r"</table\s*>", re.IGNORECASE)
_SECTION = re.compile(r'<h[23] id="(card-[^"]*)">(.*?)</h[23]>', re.DOTALL)
# A card with at least so many sections has a table of contents, with at most so many lines.
_LONG, _MOST_SECTIONS = 4, 40
_LANGUAGE = re.compile(r"language-[a-z0-9+-]{1,20}")
# Links to tfhub.dev lead to the page with the same path on this hub. Texts are not changed.
_TFHUB_DEV = re.compile(r"https?://(?:www\.)?tfhub\.dev/")


@dataclasses.dataclass(frozen=True)
class ShownPicture:
    """A picture of a card: the path by which the card refers to it, its URL, and its size in pixels."""

    path: str
    url: str
    width: int
    height: int


def render_card(text: str, pictures: Sequence[ShownPicture] = ()) -> str:
    r"""Returns the HTML of a card: comments are removed, and headings are one level lower.

    If a card has very many brackets or table cells, its links or tables are shown as Markdown source.

    >>> render_card("# Hi <script>alert(1)</script>")
    '<h2 id="card-hi">Hi </h2>\n'
    """
    text = _COMMENT.sub("", text[:MAX_CARD])
    lines = text.split("\n")
    # A short row is filled up to as many cells as the header of its table has.
    cells = len(lines) * max(line.count("|") for line in lines)
    parser = _markdown(links=text.count("[") <= _MOST_BRACKETS, tables=cells <= _MOST_CELLS)
    return str(
        nh3.clean(
            parser.render(text, {"pictures": {picture.path: picture for picture in pictures}}),
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            allowed_classes=None,
            attribute_filter=_filter_attribute,
            url_schemes=_SCHEMES,
            link_rel="nofollow noopener noreferrer",
            strip_comments=True,
        )
    )


def card_sections(rendered: str) -> list[tuple[str, str]]:
    """Returns the sections of a rendered card as (id, heading); none if it needs no table of contents.

    >>> card_sections(render_card("# One"))
    []
    """
    found = [
        (name, html.unescape(_ELEMENT.sub("", text)).strip()) for name, text in _SECTION.findall(rendered)
    ]
    return [(name, text[:80]) for name, text in found if text][:_MOST_SECTIONS] if len(found) >= _LONG else []


def plain_text(text: str, limit: int = 300) -> str:
    """Returns a description as plain text without Markdown, shortened at the end of a word.

    >>> plain_text("A **fast** model, see [paper](https://example.com).")
    'A fast model, see paper.'
    """
    return _plain_text(text[: 4 * limit], limit)


@functools.lru_cache(maxsize=4096)
def _plain_text(text: str, limit: int) -> str:
    rendered = nh3.clean(_markdown().render(_COMMENT.sub("", text)), tags=set())
    plain = " ".join(html.unescape(rendered).split())
    if len(plain) <= limit:
        return plain
    return plain[:limit].rsplit(" ", 1)[0].rstrip(",.;: ") + " …"


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        if tag == "code":
            return value if _LANGUAGE.fullmatch(value) else None
        return value if value in _CLASSES.get(tag, ()) else None
    if name == "id":
        return value if value.startswith("card-") else None
    if name in _VALUES:
        return value if _VALUES[name].fullmatch(value) else None
    if name in {"rowspan", "colspan"}:
        return value if value.isascii() and value.isdigit() and len(value) < 3 else None
    if name == "data-align":
        return value if value in {"left", "right", "center"} else None
    return value


class _CardRenderer(RendererHTML):
    """Renders Markdown tokens as HTML, with the differences for cards."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Renders an image that was published with the card; for others, a link or the alternative text."""
        token = tokens[idx]
        return _image(str(token.attrGet("src") or ""), token.content, env)

    def html_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Renders raw HTML. Images become links here; the sanitizer removes what is not allowed later."""
        return _IMAGE.sub(lambda found: _raw_image(found[1], env), tokens[idx].content)

    def html_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Renders a block of raw HTML. Its tables scroll separately, like those of Markdown."""
        opened = _RAW_TABLE.sub(
            lambda found: f'<div class="table" {_region("Table", env)}>{found[0]}',
            self.html_inline(tokens, idx, options, env),
        )
        return _RAW_TABLE_END.sub(r"\g<0></div>", opened)

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Renders the start of a heading, one level lower, with an id for links."""
        words = re.findall(r"\w+", _ELEMENT.sub("", tokens[idx + 1].content).lower())
        name = "card-" + "-".join(words)[:60]
        count = env.setdefault("headings", {})
        count[name] = count.get(name, 0) + 1
        suffix = f"-{count[name]}" if count[name] > 1 else ""
        return f'<{_lower(tokens[idx].tag)} id="{name}{suffix}">'

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Its end."""
        return f"</{_lower(tokens[idx].tag)}>\n"

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Renders the start of a table, which scrolls separately if it is wider than the page."""
        return f'<div class="table" {_region("Table", env)}><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Its end."""
        return "</table></div>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Renders the start of a link. Links to tfhub.dev lead to the same path on this hub."""
        env["in_link"] = True
        href = html.escape(_link(str(tokens[idx].attrGet("href") or "")))
        title = tokens[idx].attrGet("title")
        return f'<a href="{href}"' + (f' title="{html.escape(str(title))}">' if title else ">")

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Its end."""
        env["in_link"] = False
        return "</a>"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Renders a block of code."""
        code = tokens[idx].content
        language = re.sub(r"[^a-z0-9+-]", "", tokens[idx].info.strip().split(" ")[0].lower())[:20]
        kind = f' class="language-{language}"' if language else ""
        env["coloured"] = env.get("coloured", 0) + len(code)
        shown = coloured(code, language if env["coloured"] <= _MOST_COLOURED else "")
        region = _region("Code", env)
        return f'<div class="code-block"><pre {region}><code{kind}>{shown}</code></pre></div>\n'

    code_block = fence


def _region(what: str, env: EnvType) -> str:
    """Returns the attributes of a part that scrolls separately."""
    env[what] = env.get(what, 0) + 1
    return f'tabindex="0" role="region" aria-label="{what} {env[what]} of the documentation"'


def _raw_image(attributes: str, env: EnvType) -> str:
    """Renders an image of raw HTML."""
    source, words = _SOURCE.search(attributes), _ALT.search(attributes)
    target = html.unescape(source[1]) if source else ""
    if not target or not _is_safe_link(target):
        return ""
    return _image(target, html.unescape(words[1] or words[2] or "") if words else "", env)


def _image(target: str, words: str, env: EnvType) -> str:
    shown = html.escape(words or target.rsplit("/", 1)[-1].partition("?")[0] or "image")
    path = picture_path(target)
    picture: ShownPicture | None = env.get("pictures", {}).get(path)
    if picture is not None:
        return (
            f'<img src="{picture.url}" alt="{html.escape(words)}" width="{picture.width}" '
            f'height="{picture.height}" loading="lazy">'
        )
    if env.get("in_link"):
        return shown
    if path is not None:  # a relative path, but no picture was published for it
        return f'<span class="image-link">{shown}</span>'
    return f'<span class="image-link"><a href="{html.escape(_link(target))}">{shown}</a></span>'


def _lower(tag: str) -> str:
    return f"h{min(6, int(tag[1]) + 1)}"


def _link(target: str) -> str:
    local = _TFHUB_DEV.sub("/", target)
    if local != target:
        return local.replace("/collections/", "/collection/", 1)
    return target


def _align(state: Any) -> None:
    """Writes the alignment of table cells as an attribute, because the policy of the pages forbids styles."""
    for token in state.tokens:
        if token.type in {"th_open", "td_open"} and (style := token.attrGet("style")):
            del token.attrs["style"]
            token.attrs["data-align"] = str(style).rpartition(":")[2]


@functools.cache
def _markdown(*, links: bool = True, tables: bool = True) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "linkify": False}, renderer_cls=_CardRenderer)
    parser.enable(["table", "strikethrough"] if tables else ["strikethrough"])
    if not links:
        parser.disable(["link", "image", "reference"])
    parser.options["maxNesting"] = _MAX_NESTING
    parser.core.ruler.push("align", _align)
    parser.validateLink = _is_safe_link  # type: ignore[method-assign, assignment]
    return parser


def _is_safe_link(target: str) -> bool:
    try:
        scheme = urlsplit(target.strip()).scheme.lower()
    except ValueError:
        return False
    return scheme in _SCHEMES or (not scheme and not target.startswith(("//", "\\")))
