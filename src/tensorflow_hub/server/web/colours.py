"""The colour of a site, in shades with enough contrast on light and dark pages (WCAG 2.2)."""

from __future__ import annotations

Colour = tuple[int, int, int]

_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
# The background of light and dark pages in style.css.
_LIGHT, _DARK = (255, 255, 255), (20, 23, 27)
# The required contrast of text, and of other visible parts: focus, icons, lines of charts.
_OF_TEXT, _OF_SHAPES = 4.5, 3.0


def contrast(one: Colour, other: Colour) -> float:
    """Returns the contrast ratio of two colours, from 1 to 21.

    >>> contrast((0, 0, 0), (255, 255, 255))
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def style_of(colour: str) -> str:
    """Returns CSS rules for the colour of the pages, made darker or lighter until the contrast is enough."""
    given: Colour = (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))
    light, dark = _rules(given, _LIGHT, _BLACK), _rules(given, _DARK, _WHITE)
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _rules(given: Colour, page: Colour, towards: Colour) -> str:
    accent = _readable(given, page, towards, _OF_SHAPES)
    tint = _mixed(page, accent, 0.1)
    link = _readable(given, tint, towards, _OF_TEXT)
    on_accent = max(_BLACK, _WHITE, key=lambda text: contrast(text, accent))
    shades = {"accent": accent, "on-accent": on_accent, "link": link, "tint": tint}
    return " ".join(f"--{name}: #{r:02x}{g:02x}{b:02x};" for name, (r, g, b) in shades.items())


def _readable(given: Colour, page: Colour, towards: Colour, least: float) -> Colour:
    """Mixes a colour with black or white until it has the contrast `least` with the background `page`."""
    steps = (_mixed(given, towards, step / 50) for step in range(51))
    return next(colour for colour in steps if contrast(colour, page) >= least)


def _mixed(one: Colour, other: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    parts = [value / 255 for value in colour]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
