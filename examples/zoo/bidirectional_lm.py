"""An ELMo-style bidirectional language model in TF1 Hub format, trained here on reviews, news and tweets.

Peters et al., "Deep contextualized word representations", 2018 (https://arxiv.org/abs/1802.05365): a
convolution over characters gives context-free word vectors, two layers of LSTMs in both directions read the
sentence, and the vector of a word is a trained mixture of the three layers. Signatures and outputs are
those of the module that its authors published.
"""

from __future__ import annotations

import collections
import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from assets import read_member
from progress import counted
from recipe import Package, Recipe

import tensorflow_hub as hub

_BYTES = 20  # of a token, the rest is cut
_CHARACTER = 16  # values of a character's vector
_FILTERS = {1: 32, 2: 64, 3: 96, 4: 128}  # width of the convolution → how many
_UNITS = 128  # of a word vector, and of an LSTM in one direction
_VOCABULARY = 6000  # words that the language model tells apart; only training needs them
_EPOCHS, _BATCH, _LONGEST = 4, 64, 40
_SOURCES = ("movieReviewSnippets", "nytEditorialSnippets", "amazonReviewSnippets", "tweets")

Weights = Mapping[str, tf.Variable]


def shapes() -> dict[str, tuple[int, ...]]:
    """The shape of every variable of the module, by name."""
    result: dict[str, tuple[int, ...]] = {"bilm/char_embed": (256, _CHARACTER)}
    for width, filters in _FILTERS.items():
        result[f"bilm/CNN/W_cnn_{width}"] = (width, _CHARACTER, filters)
        result[f"bilm/CNN/b_cnn_{width}"] = (filters,)
    result["bilm/CNN_proj/W_proj"] = (sum(_FILTERS.values()), _UNITS)
    result["bilm/CNN_proj/b_proj"] = (_UNITS,)
    for direction in (0, 1):
        for layer in (0, 1):
            result[f"bilm/RNN_{direction}/cell_{layer}/kernel"] = (2 * _UNITS, 4 * _UNITS)
            result[f"bilm/RNN_{direction}/cell_{layer}/bias"] = (4 * _UNITS,)
    return {**result, "aggregation/weights": (3,), "aggregation/scaling": ()}


def word_vectors(weights: Weights, tokens: tf.Tensor) -> tf.Tensor:
    """Context-free vectors, float32 `[batch, length, 128]`, of string `[batch, length]`."""
    shape = tf.shape(tokens)
    codes = tf.cast(tf.io.decode_raw(tf.reshape(tokens, [-1]), tf.uint8, fixed_length=_BYTES), tf.int32)
    characters = tf.nn.embedding_lookup(weights["bilm/char_embed"], codes)
    found = []
    for width in _FILTERS:
        x = tf.nn.conv1d(characters, weights[f"bilm/CNN/W_cnn_{width}"], 1, "VALID")
        found.append(tf.nn.relu(tf.reduce_max(x, axis=1) + weights[f"bilm/CNN/b_cnn_{width}"]))
    vectors = (
        tf.matmul(tf.concat(found, axis=1), weights["bilm/CNN_proj/W_proj"]) + weights["bilm/CNN_proj/b_proj"]
    )
    return tf.reshape(vectors, tf.stack([shape[0], shape[1], _UNITS]))


def read(weights: Weights, vectors: tf.Tensor, lengths: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """The states of both layers, forward and backward, each float32 `[batch, length, 128]`."""
    states = []
    forward, backward = vectors, tf.reverse_sequence(vectors, lengths, seq_axis=1)
    for layer in (0, 1):
        # A layer's input is added to its output, as in the original.
        forward = _lstm(weights, forward, f"bilm/RNN_0/cell_{layer}") + (forward if layer else 0.0)
        backward = _lstm(weights, backward, f"bilm/RNN_1/cell_{layer}") + (backward if layer else 0.0)
        states.append((forward, tf.reverse_sequence(backward, lengths, seq_axis=1)))
    return states


def _lstm(weights: Weights, x: tf.Tensor, name: str) -> tf.Tensor:
    """The states of an LSTM with a forget bias of 1, float32 `[batch, length, 128]`."""
    zeros = tf.zeros(tf.stack([tf.shape(x)[0], _UNITS]))
    from_input, from_state = tf.split(tf.convert_to_tensor(weights[f"{name}/kernel"]), 2)
    inputs = tf.einsum("bsi,io->sbo", x, from_input) + weights[f"{name}/bias"]

    def step(state: tuple[tf.Tensor, tf.Tensor], now: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        hidden, cell = state
        enter, forget, new, leave = tf.split(now + tf.matmul(hidden, from_state), 4, axis=1)
        cell = tf.sigmoid(forget + 1.0) * cell + tf.sigmoid(enter) * tf.tanh(new)
        return tf.sigmoid(leave) * tf.tanh(cell), cell

    return tf.transpose(tf.scan(step, inputs, (zeros, zeros))[0], [1, 0, 2])


def outputs_of(weights: Weights, tokens: tf.Tensor, lengths: tf.Tensor) -> dict[str, tf.Tensor]:
    """All outputs of the module for tokens, string `[batch, length]`, and int32 `[batch]` lengths."""
    vectors = word_vectors(weights, tokens)
    mask = tf.sequence_mask(lengths, tf.shape(tokens)[1], tf.float32)[..., None]
    first, second = (tf.concat(pair, axis=-1) * mask for pair in read(weights, vectors, lengths))
    vectors *= mask
    shares = tf.nn.softmax(weights["aggregation/weights"])
    layers = (tf.concat([vectors, vectors], axis=-1), first, second)
    mixed = weights["aggregation/scaling"] * tf.add_n([shares[i] * layer for i, layer in enumerate(layers)])
    count = tf.maximum(tf.cast(lengths, tf.float32), 1.0)[:, None]
    return {
        "word_emb": vectors,
        "lstm_outputs1": first,
        "lstm_outputs2": second,
        "elmo": mixed,
        "default": tf.reduce_sum(mixed, axis=1) / count,
    }


def module_fn() -> None:
    """The graph of the module, with the signatures `default` (sentences) and `tokens`."""
    weights = {
        name: tf.compat.v1.get_variable(name, shape, initializer=tf.compat.v1.zeros_initializer())
        for name, shape in shapes().items()
    }
    sentences = tf.compat.v1.placeholder(tf.string, [None], "sentences")
    split = tf.strings.split(sentences)
    padded = split.to_tensor("")
    outputs = outputs_of(weights, padded, tf.cast(split.row_lengths(), tf.int32))
    hub.add_signature("default", {"strings": sentences}, outputs)
    tokens = tf.compat.v1.placeholder(tf.string, [None, None], "tokens")
    lengths = tf.compat.v1.placeholder(tf.int32, [None], "sequence_len")
    hub.add_signature(
        "tokens", {"tokens": tokens, "sequence_len": lengths}, outputs_of(weights, tokens, lengths)
    )


def read_sentences(package: Path) -> list[list[str]]:
    """The tokens of each sentence."""
    inner = read_member(package, "vaderSentiment-3.3.1/additional_resources/hutto_ICWSM_2014.tar.gz")
    sentences = []
    with tarfile.open(fileobj=io.BytesIO(inner)) as archive:
        for source in _SOURCES:
            file = archive.extractfile(f"hutto_ICWSM_2014/{source}_GroundTruth.txt")
            assert file is not None
            for line in file.read().decode("utf-8", errors="replace").splitlines():
                words = line.split("\t")[-1].split()[:_LONGEST]
                if len(words) > 1:
                    sentences.append(words)
    np.random.default_rng(1).shuffle(sentences)  # type: ignore[arg-type]
    return sentences


def batches(sentences: list[list[str]], numbers: Mapping[str, int]) -> Iterator[tuple[np.ndarray, ...]]:
    """Padded tokens, their numbers in the vocabulary (0: any other) and lengths; like lengths together."""
    order = sorted(sentences, key=len)
    starts = np.arange(0, len(order) - _BATCH + 1, _BATCH)
    for start in np.random.default_rng(len(order)).permutation(starts):
        rows = order[start : start + _BATCH]
        width = max(map(len, rows))
        tokens = np.array([row + [""] * (width - len(row)) for row in rows], object)
        targets = np.array([[numbers.get(w, 0) for w in row] + [0] * (width - len(row)) for row in rows])
        yield tokens, targets, np.array([len(row) for row in rows], np.int32)


def language_model_loss(
    weights: Weights,
    softmax: tuple[tf.Variable, tf.Variable],
    tokens: tf.Tensor,
    targets: tf.Tensor,
    lengths: tf.Tensor,
) -> tf.Tensor:
    """Mean cross entropy of the next word read forward and of the one before read backward, in nats."""
    forward, backward = read(weights, word_vectors(weights, tokens), lengths)[-1]
    inside = tf.sequence_mask(lengths - 1, tf.shape(tokens)[1] - 1)
    losses = []
    for states, words in ((forward[:, :-1], targets[:, 1:]), (backward[:, 1:], targets[:, :-1])):
        logits = tf.matmul(tf.boolean_mask(states, inside), softmax[0]) + softmax[1]
        wanted = tf.boolean_mask(words, inside)
        losses.append(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, logits)))
    return tf.add_n(losses) / 2


def initial_weights() -> dict[str, tf.Variable]:
    """Variables with random values; the mixture begins even."""
    keras.utils.set_random_seed(1)
    initial = keras.initializers.GlorotUniform(seed=1)
    result = {}
    for name, shape in shapes().items():
        value = tf.ones(shape) if name.endswith("scaling") else tf.zeros(shape)
        if len(shape) > 1:
            value = tf.convert_to_tensor(initial(shape))
        result[name] = tf.Variable(value, name=name)
    return result


def train(sentences: list[list[str]], epochs: int = _EPOCHS) -> tuple[dict[str, tf.Variable], float, float]:
    """Trains the model on all but 1,000 sentences.

    Returns:
      The weights; the perplexity on those 1,000; and that of always giving the words' frequencies.
    """
    held_out, training = sentences[:1000], sentences[1000:]
    counts = collections.Counter(word for sentence in training for word in sentence)
    numbers = {word: i + 1 for i, (word, _) in enumerate(counts.most_common(_VOCABULARY - 1))}
    weights = initial_weights()
    softmax = (
        tf.Variable(tf.random.stateless_normal([_UNITS, _VOCABULARY], (1, 1)) * 0.05),
        tf.Variable(tf.zeros([_VOCABULARY])),
    )
    steps = epochs * (len(training) // _BATCH)
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(3e-3, steps), global_clipnorm=5.0
    )
    trained = [v for name, v in weights.items() if not name.startswith("aggregation")] + list(softmax)
    optimizer.build(trained)
    spec = [
        tf.TensorSpec([None, None], tf.string),
        tf.TensorSpec([None, None], tf.int64),
        tf.TensorSpec([None], tf.int32),
    ]

    @tf.function(input_signature=spec)
    def step(tokens: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = language_model_loss(weights, softmax, tokens, targets, lengths)
        optimizer.apply_gradients(zip(tape.gradient(loss, trained), trained, strict=True))
        return loss

    evaluate = tf.function(lambda *batch: language_model_loss(weights, softmax, *batch), input_signature=spec)
    for epoch in range(epochs):
        told = counted(batches(training, numbers), len(training) // _BATCH, f"epoch {epoch + 1} of {epochs}")
        loss = np.mean([step(*batch) for batch in told])
        tested = np.mean([evaluate(*batch) for batch in batches(held_out, numbers)])
        print(
            f"  epoch {epoch + 1} of {epochs}: perplexity {np.exp(loss):.0f}, held out {np.exp(tested):.0f}",
            flush=True,
        )
    return weights, float(np.exp(tested)), _frequency_perplexity(held_out, counts, numbers)


def _frequency_perplexity(
    sentences: list[list[str]], counts: Mapping[str, int], numbers: Mapping[str, int]
) -> float:
    frequency = np.zeros(_VOCABULARY)
    for word, count in counts.items():
        frequency[numbers.get(word, 0)] += count
    shares = np.log(np.maximum(frequency, 1) / frequency.sum())
    return float(
        np.exp(-np.mean([shares[numbers.get(word, 0)] for sentence in sentences for word in sentence]))
    )


def build(packages: Mapping[str, Path], directory: Path) -> None:
    """Writes the module in TF1 Hub format."""
    weights, perplexity, by_frequency = train(read_sentences(packages["vaderSentiment"]))
    print(
        f"  perplexity {perplexity:.0f} on held-out sentences; {by_frequency:.0f} by words' frequencies alone"
    )
    values = {name: variable.numpy() for name, variable in weights.items()}
    export(values, directory, module_fn)


def export(values: Mapping[str, np.ndarray], directory: Path, module_fn: Callable[[], None]) -> None:
    """Writes a module whose variables have the given values, by name."""
    spec = hub.create_module_spec(module_fn)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module(spec, trainable=True)
        session.run(tf.compat.v1.global_variables_initializer())
        for name, value in values.items():
            module.variable_map[name].load(value, session)
        module.export(str(directory), session)


RECIPES = (
    Recipe(
        name="zoo/bidirectional-lm-en/1",
        description="Contextual word vectors of a small ELMo-style bidirectional language model of English.",
        task="text-embedding",
        license="apache-2.0",
        format="hub",
        fields={"network-architecture": "elmo", "language": "en"},
        packages=(
            Package(
                "pypi",
                "vaderSentiment",
                "3.3.1",
                "6ea3b53f1835a1bb9125cbb9872e8740bd506ab1d9f2266d0c63109b858d71af",
                "MIT",
            ),
        ),
        build=build,
        minutes=6,
        body="""
Two signatures: `default` takes sentences, string `[batch]`, whose tokens are set apart by spaces; `tokens`
takes `tokens`, string `[batch, length]`, and `sequence_len`, int32 `[batch]`. Outputs: `word_emb` `[batch,
length, 128]`, `lstm_outputs1` and `lstm_outputs2` `[batch, length, 256]`, `elmo`, their trained mixture,
and `default`, its mean over the words, `[batch, 256]`.

```python
elmo = hub.Module("zoo/bidirectional-lm-en/1", trainable=True)
vectors = elmo(["the cat is on the mat"], signature="default", as_dict=True)["elmo"]
```

With few examples, train the mixture first: the variables `aggregation/weights` and `aggregation/scaling`.

Trained for some minutes on 24,000 sentences: it shows the interface, not the state of the art.
""",
        interface="text-embedding",
    ),
)
