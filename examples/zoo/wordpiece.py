"""BERT's tokenizer in TensorFlow's own ops: clean, lowercase, strip accents, split, greedy word pieces.

The steps are those of Devlin et al., "BERT", 2018 (https://arxiv.org/abs/1810.04805) in the "uncased" form.
What a code point becomes is computed once with Python's Unicode tables and kept in the module as a table.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import tensorflow as tf

_CODE_POINTS = 0x110000
_SPACE = ord(" ")
# A table holds differences, so that runs of code points that do not change look alike; beside these:
_TO_SPACE = 2**30
_TO_NOTHING = -(2**30)
_MAX_CHARACTERS = 100  # a longer word is unknown
# The blocks of ideographs, each of which is a word of its own.
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def normalized(character: str) -> str:
    """What the uncased model reads for one character: lowercase, without accents, controls gone."""
    if character in "\0\ufffd":
        return ""
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if unicodedata.category(character).startswith("C"):
        return ""
    plain = unicodedata.normalize("NFD", character.lower())
    return "".join(c for c in plain if unicodedata.category(c) != "Mn")


def stands_alone(character: str) -> bool:
    """Whether a character is a word of its own: punctuation and ideographs."""
    code = ord(character)
    ascii_punctuation = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    if ascii_punctuation or unicodedata.category(character).startswith("P"):
        return True
    return any(first <= code <= last for first, last in _IDEOGRAPHS)


def character_tables() -> tuple[np.ndarray, np.ndarray]:
    """The code points that each code point becomes, int32 `[blocks, 4]` by way of an index of blocks.

    Returns:
      `blocks`, int32 `[n, 256, 4]`: up to four code points each, 0 for none; and `index`, int32 `[4352]`:
      the block of each run of 256 code points. Most runs share a block, which keeps the table small.
    """
    seen: dict[bytes, int] = {}
    blocks: list[np.ndarray] = []
    index = np.zeros(_CODE_POINTS // 256, np.int32)
    for number in range(len(index)):
        block = np.stack([_becomes(code) for code in range(number * 256, number * 256 + 256)])
        if block.tobytes() not in seen:
            seen[block.tobytes()] = len(blocks)
            blocks.append(block)
        index[number] = seen[block.tobytes()]
    return np.stack(blocks), index


def _becomes(code: int) -> np.ndarray:
    """Up to four code points, as differences to `code` so that runs that do not change are alike."""
    row = np.full(4, _TO_NOTHING, np.int32)
    character = chr(code)
    if 0xD800 <= code < 0xE000:
        return row
    plain = normalized(character)
    if stands_alone(character):
        plain = f" {plain} "
    for place, out in enumerate(plain[:4]):
        row[place] = _TO_SPACE if out == " " else ord(out) - code
    return row


class WordpieceTokenizer(tf.Module):
    """Strings → ids of word pieces.

    Args:
      file: the vocabulary, an asset: a piece a line, pieces inside a word begin with `##`.
      longest: the length of the longest piece in characters.
    """

    def __init__(self, file: str, longest: int, unknown: int) -> None:
        super().__init__()
        self.vocab_file = tf.saved_model.Asset(file)
        self.do_lower_case = tf.Variable(True, trainable=False, name="do_lower_case")
        self._longest = longest
        self._unknown = tf.constant(unknown, tf.int64)
        blocks, index = character_tables()
        self._blocks = tf.constant(blocks.reshape(-1, 4))
        self._index = tf.constant(index)
        self._pieces = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                self.vocab_file,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            default_value=-1,
        )

    def words(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """The words of each text, ragged string `[batch, (words)]`."""
        codes = tf.strings.unicode_decode(texts, "UTF-8", errors="replace", replacement_char=0xFFFD)
        flat = codes.flat_values
        block = tf.gather(self._index, flat // 256)
        change = tf.gather(self._blocks, block * 256 + flat % 256)
        becomes = tf.where(change == _TO_SPACE, _SPACE, flat[:, None] + change)
        kept = tf.ragged.boolean_mask(becomes, becomes > 0)
        merged = tf.RaggedTensor.from_row_splits(
            kept.flat_values, tf.gather(kept.row_splits, codes.row_splits)
        )
        return tf.strings.split(tf.strings.unicode_encode(merged, "UTF-8"))

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """The ids of the pieces of each word, ragged int64 `[batch, (words), (pieces)]`."""
        words = self.words(texts)
        return words.with_flat_values(self._split(words.flat_values))

    def _split(self, words: tf.Tensor) -> tf.RaggedTensor:
        """Greedy longest match first: string `[words]` → ragged int64 `[words, (pieces)]`."""
        count = tf.size(words)
        lengths = tf.strings.length(words, unit="UTF8_CHAR")
        known = lengths <= _MAX_CHARACTERS
        rows = tf.range(count)

        def step(
            i: tf.Tensor,
            rows: tf.Tensor,
            start: tf.Tensor,
            bad: tf.Tensor,
            ids: tf.TensorArray,
            owners: tf.TensorArray,
        ) -> tuple[tf.Tensor, ...]:
            left = tf.gather(lengths, rows) - start
            piece, size = self._longest_pieces(tf.gather(words, rows), start, left)
            matched = size > 0
            ids = ids.write(i, tf.boolean_mask(piece, matched))
            owners = owners.write(i, tf.boolean_mask(rows, matched))
            bad = tf.concat([bad, tf.boolean_mask(rows, tf.logical_not(matched))], axis=0)
            goes_on = tf.logical_and(matched, size < left)
            return (
                i + 1,
                tf.boolean_mask(rows, goes_on),
                tf.boolean_mask(start + size, goes_on),
                bad,
                ids,
                owners,
            )

        begin = tf.boolean_mask(rows, known)
        _, _, _, bad, ids, owners = tf.while_loop(
            lambda _, rows, *__: tf.size(rows) > 0,
            step,
            (
                0,
                begin,
                tf.zeros_like(begin),
                tf.boolean_mask(rows, tf.logical_not(known)),
                tf.TensorArray(tf.int64, 0, dynamic_size=True, infer_shape=False, element_shape=[None]),
                tf.TensorArray(tf.int32, 0, dynamic_size=True, infer_shape=False, element_shape=[None]),
            ),
            shape_invariants=(
                tf.TensorShape([]),
                tf.TensorShape([None]),
                tf.TensorShape([None]),
                tf.TensorShape([None]),
                tf.TensorShape(None),
                tf.TensorShape(None),
            ),
        )
        return self._by_word(count, bad, ids, owners)

    def _longest_pieces(
        self, words: tf.Tensor, start: tf.Tensor, left: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The longest piece at `start` of each word: its id, and how many characters it has; 0 for none."""
        sizes = tf.range(1, self._longest + 1)
        shape = tf.stack([tf.size(words), self._longest])
        pieces = tf.strings.substr(
            tf.broadcast_to(words[:, None], shape),
            tf.broadcast_to(start[:, None], shape),
            tf.broadcast_to(sizes[None, :], shape),
            unit="UTF8_CHAR",
        )
        # A word that is not begun yet has no mark before its piece.
        pieces = tf.where((start > 0)[:, None], tf.strings.join(["##", pieces]), pieces)
        found = self._pieces.lookup(pieces)
        fits = tf.logical_and(found >= 0, sizes[None, :] <= left[:, None])
        size = tf.reduce_max(tf.where(fits, sizes[None, :], 0), axis=1)
        return tf.gather(found, tf.maximum(size - 1, 0), batch_dims=1), size

    def _by_word(
        self, count: tf.Tensor, bad: tf.Tensor, ids: tf.TensorArray, owners: tf.TensorArray
    ) -> tf.RaggedTensor:
        """Puts the pieces in the order of the words; a word with a part that is no piece is unknown."""
        empty = tf.equal(ids.size(), 0)
        flat_ids = tf.cond(empty, lambda: tf.zeros([0], tf.int64), ids.concat)
        flat_owners = tf.cond(empty, lambda: tf.zeros([0], tf.int32), owners.concat)
        is_bad = tf.scatter_nd(bad[:, None], tf.ones_like(bad), [count]) > 0
        good = tf.logical_not(tf.gather(is_bad, flat_owners))
        flat_ids = tf.concat(
            [tf.boolean_mask(flat_ids, good), tf.fill([tf.size(bad)], self._unknown)], axis=0
        )
        flat_owners = tf.concat([tf.boolean_mask(flat_owners, good), bad], axis=0)
        order = tf.argsort(flat_owners, stable=True)
        return tf.RaggedTensor.from_value_rowids(
            tf.gather(flat_ids, order),
            tf.cast(tf.gather(flat_owners, order), tf.int64),
            tf.cast(count, tf.int64),
        )
