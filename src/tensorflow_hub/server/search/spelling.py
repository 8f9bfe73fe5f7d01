"""Corrects words that no document has: typing errors, words cut short, two words written as one."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

import tantivy

from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.question import AskedWord
from tensorflow_hub.server.search.words import stem

# How many documents with a similar word are looked at.
_LOOK_AT = 40
# A word that is in fewer names than this may mean another name; how many longer names are taken.
_FEW_NAMES = 20
_LONGER_NAMES = 5


def correct(index: SearchIndex, searcher: tantivy.Searcher, asked: Sequence[str]) -> list[str]:
    """The words of a question, each unknown one replaced by the likeliest that documents have.

    Unknown words without a likely correction stay.
    """
    corrected: list[str] = []
    for word in _numbers_with_letter(searcher, asked):
        corrected += [word] if _is_known(searcher, word) else _correction(index, searcher, word)
    return list(dict.fromkeys(corrected))


def with_names(searcher: tantivy.Searcher, words: Sequence[str]) -> list[AskedWord]:
    """The words; one that few names have, with names that it may mean.

    The word may be the beginning of a name, as "regnet" is of "regnety". A name may be the beginning of the
    word, as "multi" is of "multilingual".
    """
    return [AskedWord(stem(word), tuple(_names(searcher, word))) for word in words]


def _names(searcher: tantivy.Searcher, word: str) -> Iterator[str]:
    if len(word) < 4 or not word.isalpha() or searcher.doc_freq("name", stem(word)) >= _FEW_NAMES:
        return
    longer = searcher.terms_with_prefix("name", stem(word), limit=_LONGER_NAMES)
    yield from (name for name, _ in longer if name != stem(word))
    shorter = (word[:length] for length in range(len(word) - 3, 4, -1))
    yield from itertools.islice((name for name in shorter if searcher.doc_freq("name", name)), 1)


def distance(one: str, other: str, limit: int) -> int:
    """Typing errors between two words: letters added, lost, changed or two swapped; at most `limit` + 1.

    >>> distance("objct", "object", 2), distance("tranformer", "transformer", 2), distance("ab", "ba", 2)
    (1, 1, 1)
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != against))
            if i > 1 and j > 1 and char == other[j - 2] and one[i - 2] == against:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def _is_known(searcher: tantivy.Searcher, word: str) -> bool:
    """Whether a document has the word."""
    return searcher.doc_freq("all", stem(word)) > 0


def _numbers_with_letter(searcher: tantivy.Searcher, asked: Sequence[str]) -> list[str]:
    """Gives the last letter of an unknown word to the number after it where that makes two known words:
    "efficientnetb7" comes as "efficientnetb", "7".
    """
    found = list(asked)
    for at, (word, number) in enumerate(itertools.pairwise(asked)):
        parts = [word[:-1], word[-1:] + number]
        if (
            number.isdigit()
            and not _is_known(searcher, word)
            and all(_is_known(searcher, part) for part in parts)
        ):
            found[at : at + 2] = parts
    return found


def _correction(index: SearchIndex, searcher: tantivy.Searcher, word: str) -> list[str]:
    if len(word) < 4 or not word.isalpha():
        return _split(searcher, word) or [word]
    for attempt in (_similar(index, searcher, word, 1), _completion(searcher, word)):
        if attempt:
            return [attempt]
    far = _similar(index, searcher, word, 2) if len(word) >= 6 else None
    return _split(searcher, word) or [far or word]


def _similar(index: SearchIndex, searcher: tantivy.Searcher, word: str, limit: int) -> str | None:
    """The commonest word within `limit` typing errors; the nearer first."""
    query = tantivy.Query.fuzzy_term_query(index.schema, "spelling", word, limit, True)
    seen = _words_of_hits(searcher, query)
    near = {other: distance(word, other, limit) for other in seen if abs(len(other) - len(word)) <= limit}
    fitting = [other for other, errors in near.items() if errors <= limit]
    return max(fitting, key=lambda o: (-near[o], o[0] == word[0], seen[o], o), default=None)


def _completion(searcher: tantivy.Searcher, word: str) -> str | None:
    """The commonest word that begins so."""
    return next((other for other, _ in searcher.terms_with_prefix("spelling", word, limit=1)), None)


def _words_of_hits(searcher: tantivy.Searcher, query: tantivy.Query) -> Counter[str]:
    """The words of documents that match, with in how many of them each is."""
    seen: Counter[str] = Counter()
    for _, address in searcher.search(query, _LOOK_AT, count=False).hits:
        seen.update(searcher.doc(address)["spelling"][0].split())
    return seen


def _split(searcher: tantivy.Searcher, word: str) -> list[str]:
    """Two known words that were written as one ("efficientnetb", "sentenceencoder")."""
    for at in range(len(word) - 4, 3, -1):
        parts = [word[:at], word[at:]]
        if all(_is_known(searcher, part) for part in parts):
            return parts
    return []
