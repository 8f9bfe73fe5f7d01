"""A SentencePiece unigram tokenizer in TensorFlow's own ops, so that a module takes plain strings.

The best segmentation is found by the Viterbi algorithm over pieces of a vocabulary with log
probabilities: Kudo, "Subword Regularization", 2018 (https://arxiv.org/abs/1804.10959), section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # stands for a space in the pieces
_NOTHING = -2  # behind the last piece
_UNKNOWN_SCORE = -30.0  # lower than that of any piece


class UnigramTokenizer(tf.Module):
    """Strings → ids of pieces.

    Args:
      file: an asset with a line `piece<TAB>id<TAB>score` each, which the tables are read from.
      longest: the length of the longest piece in characters.
      unknown: the id of what no piece covers; several in a row are one.
      space: what stands for a space in the pieces, and before the first word; empty where words are not
        set apart.
    """

    def __init__(self, file: str, longest: int, unknown: int = 0, space: str = _SPACE) -> None:
        super().__init__()
        self.vocabulary = vocabulary_asset(file)
        self._longest = longest
        self._unknown = unknown
        self._space = space
        self._ids = self._table(tf.int64, column=1, default=-1)
        self._scores = self._table(tf.float32, column=2, default=-1e9)

    def _table(self, dtype: tf.DType, column: int, default: float) -> tf.lookup.StaticHashTable:
        lines = tf.lookup.TextFileInitializer(self.vocabulary, tf.string, 0, dtype, column, delimiter="\t")
        return tf.lookup.StaticHashTable(lines, default)

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Ids, ragged int64 `[batch, (pieces)]`, of string `[batch]`."""
        spaced = tf.strings.regex_replace(tf.strings.strip(texts), r"\s+", self._space)
        characters = tf.strings.unicode_split(tf.strings.join([self._space, spaced]), "UTF-8")
        lengths = tf.cast(characters.row_lengths(), tf.int32)
        return self._best(characters.to_tensor(""), lengths)

    def _candidates(self, characters: tf.Tensor) -> tf.Tensor:
        """The texts that end at each place, by length 1 … longest: string `[batch, places, longest]`."""
        ending = [characters]
        for _ in range(self._longest - 1):
            shifted = tf.pad(ending[-1][:, :-1], [[0, 0], [1, 0]], constant_values="")
            ending.append(tf.strings.join([shifted, characters]))
        return tf.stack(ending, axis=-1)

    def _best(self, characters: tf.Tensor, lengths: tf.Tensor) -> tf.RaggedTensor:
        texts = self._candidates(characters)
        ids = self._ids.lookup(texts)
        scores = self._scores.lookup(texts)
        # A piece of n characters can end at place n - 1 at the earliest.
        places = tf.range(tf.shape(characters)[1])
        starts_inside = places[:, None] >= tf.range(self._longest)[None, :]
        scores = tf.where(starts_inside[None], scores, -1e9)
        # A character that no piece covers passes alone, as the unknown piece, at a price.
        unknown = tf.maximum(scores[..., :1], _UNKNOWN_SCORE)
        scores = tf.concat([unknown, scores[..., 1:]], axis=-1)
        length = self._forward(scores)
        return self._backward(ids, length, lengths)

    def _forward(self, scores: tf.Tensor) -> tf.Tensor:
        """The length less one of the last piece of the best segmentation up to each place."""
        batch, count = tf.shape(scores)[0], tf.shape(scores)[1]
        # The best score before each of the `longest` last places; the nearest comes first.
        window = tf.concat([tf.zeros([batch, 1]), tf.fill([batch, self._longest - 1], -1e9)], axis=1)
        chosen = tf.TensorArray(tf.int32, count)

        def step(i: tf.Tensor, window: tf.Tensor, chosen: tf.TensorArray) -> tuple[tf.Tensor, ...]:
            total = window + scores[:, i]
            best = tf.argmax(total, axis=1, output_type=tf.int32)
            value = tf.reduce_max(total, axis=1, keepdims=True)
            return i + 1, tf.concat([value, window[:, :-1]], axis=1), chosen.write(i, best)

        _, _, chosen = tf.while_loop(lambda i, *_: i < count, step, (0, window, chosen))
        return tf.transpose(chosen.stack())

    def _backward(self, ids: tf.Tensor, length: tf.Tensor, lengths: tf.Tensor) -> tf.RaggedTensor:
        """Follows the chosen pieces from the end to the beginning."""
        count = tf.shape(ids)[1]
        batch = tf.shape(ids)[0]
        rows = tf.range(batch)
        found = tf.TensorArray(tf.int64, count)

        def step(i: tf.Tensor, end: tf.Tensor, found: tf.TensorArray) -> tuple[tf.Tensor, ...]:
            at = tf.maximum(end, 0)
            size = tf.gather_nd(length, tf.stack([rows, at], axis=1))
            piece = tf.gather_nd(ids, tf.stack([rows, at, size], axis=1))
            piece = tf.where(piece < 0, tf.cast(self._unknown, tf.int64), piece)
            found = found.write(i, tf.where(end >= 0, piece, _NOTHING))
            return i + 1, tf.where(end >= 0, end - size - 1, end), found

        _, _, found = tf.while_loop(
            lambda i, end, _: tf.logical_and(i < count, tf.reduce_any(end >= 0)),
            step,
            (0, lengths - 1, found.unstack(tf.fill([count, batch], tf.constant(_NOTHING, tf.int64)))),
        )
        pieces = tf.reverse(tf.transpose(found.stack()), axis=[1])
        unknown = tf.equal(pieces, self._unknown)
        repeated = tf.logical_and(unknown, tf.pad(unknown[:, :-1], [[0, 0], [1, 0]]))
        return tf.ragged.boolean_mask(pieces, tf.logical_and(pieces > _NOTHING, tf.logical_not(repeated)))


def vocabulary_asset(file: str) -> tf.saved_model.Asset | str:
    """A file that a module carries: an object in TF2; in a TF1 graph the table's own path is enough."""
    return tf.saved_model.Asset(file) if tf.executing_eagerly() else file


def write_vocabulary(pieces: Sequence[tuple[str, float | None]], reserved: int, path: str) -> int:
    """Writes the asset; returns the length of the longest piece in characters.

    Of a piece that stands in the vocabulary twice the last counts, as in the trie of the original.
    """
    numbers = {piece: n for n, (piece, _) in enumerate(pieces) if n >= reserved}
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{piece}\t{n}\t{pieces[n][1] or 0.0!r}\n" for piece, n in numbers.items())
    return max(len(piece) for piece, _ in pieces[reserved:])
