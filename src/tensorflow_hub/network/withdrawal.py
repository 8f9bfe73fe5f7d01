"""The header of a hub in answers for a withdrawn version, with the reason."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping

from tensorflow_hub.network.foreign_text import one_line

HEADER = "TFHub-Withdrawn"
_MOST_CHARACTERS = 300
# The characters that are allowed in a header (RFC 9110 §5.5), except `%`, which starts an encoded byte.
_PLAIN = " !#$&'()*+,-./:;<=>?@[]^_`{|}~"


def withdrawal_headers(reason: str) -> dict[str, str]:
    r"""The header for a withdrawn version. The reason is percent-encoded UTF-8 (RFC 3986 §2.1).

    >>> withdrawal_headers("Wrong labels.\r\nX: y")
    {'TFHub-Withdrawn': 'Wrong labels. X: y'}
    >>> withdrawal_headers("100 % überholt")
    {'TFHub-Withdrawn': '100 %25 %C3%BCberholt'}
    """
    return {HEADER: urllib.parse.quote(one_line(reason, _MOST_CHARACTERS), safe=_PLAIN)}


def withdrawal_reason(headers: Mapping[str, str]) -> str | None:
    r"""The reason for which a version was withdrawn, safe to print; None if it was not withdrawn.

    >>> withdrawal_reason({"TFHub-Withdrawn": "%C3%BCberholt%1B%0Aok"}), withdrawal_reason({})
    ('überholt ok', None)
    """
    value = headers.get(HEADER)
    return (
        None
        if value is None
        else one_line(urllib.parse.unquote(value[: 9 * _MOST_CHARACTERS]), _MOST_CHARACTERS)
    )
