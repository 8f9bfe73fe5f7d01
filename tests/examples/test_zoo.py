"""The zoo: its parts against plain references, its cards against the rules, its modules against their source.

The tests marked `assets` and `slow` download packages and build the modules; `make test-zoo` runs them. With
`TFHUB_TEST_ZOO` they take the modules that `make zoo` has built in that folder, and build what is missing.
"""

from __future__ import annotations

import importlib
import io
import math
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorflow_hub.format.card.rules import check_text

ZOO = Path(__file__).parents[2] / "examples" / "zoo"


@pytest.fixture(scope="module", autouse=True)
def _zoo_on_path():
    sys.path[:0] = [str(ZOO), str(ZOO.parent)]
    yield
    del sys.path[:2]


@pytest.fixture(scope="module")
def recipes():
    build = importlib.import_module("build")
    return {recipe.name: recipe for family in build.FAMILIES for recipe in build.recipes(family)}


# --- what needs no download --------------------------------------------------------------------------


def test_every_card_keeps_the_rules(recipes):
    from recipe import card

    problems = {
        name: [p for p in check_text(card(recipe))[1] if p.severity == "error"]
        for name, recipe in recipes.items()
    }
    assert not {name: found for name, found in problems.items() if found}
    assert len(recipes) >= 20


PIECES = [
    ("<unk>", 0.0),
    ("\u2581", -2.0),
    ("a", -3.0),
    ("b", -3.5),
    ("ab", -4.0),
    ("\u2581a", -4.0),
    ("bab", -5.0),
]


def best_pieces(text: str) -> list[int]:
    """The plain Viterbi algorithm over PIECES, with the tokenizer's price for what is unknown."""
    characters = "\u2581" + "\u2581".join(text.split())
    score, back = [0.0] + [-math.inf] * len(characters), [0] * (len(characters) + 1)
    ids: list[int] = [0] * (len(characters) + 1)
    for end in range(1, len(characters) + 1):
        for start in range(max(0, end - 3), end):
            piece = characters[start:end]
            known = {p: (i, s) for i, (p, s) in enumerate(PIECES) if i}
            if piece in known or end - start == 1:
                number, value = known.get(piece, (0, -30.0))
                if score[start] + value > score[end] + 1e-6:
                    score[end], back[end], ids[end] = score[start] + value, start, number
    found, end = [], len(characters)
    while end:
        found.append(ids[end])
        end = back[end]
    found.reverse()
    return [n for i, n in enumerate(found) if n or not i or found[i - 1]]


@pytest.fixture(scope="module")
def unigram(tmp_path_factory):
    from unigram import UnigramTokenizer, write_vocabulary

    file = str(tmp_path_factory.mktemp("pieces") / "pieces.tsv")
    return UnigramTokenizer(file, write_vocabulary(PIECES, 1, file))


@settings(max_examples=40)
@given(st.lists(st.text("ab z?", max_size=12), min_size=1, max_size=4))
def test_the_unigram_tokenizer_finds_the_best_pieces(unigram, texts):
    import tensorflow as tf

    found = unigram.tokenize(tf.constant(texts)).to_list()
    for text, pieces in zip(texts, found, strict=True):
        # Ties are free: what counts is the score, and that the pieces spell the text.
        scores = {i: s for i, (_, s) in enumerate(PIECES)}
        expected = best_pieces(text)
        assert sum(scores[i] for i in pieces if i) == pytest.approx(sum(scores[i] for i in expected if i))
        assert pieces.count(0) == expected.count(0)


WORDS = ["[UNK]", "un", "##aff", "##able", "a", "##a", "hello", "!", "\u65e5", "##ffable", "e"]


def word_pieces(text: str) -> list[int]:
    """The plain greedy algorithm over WORDS."""
    from wordpiece import normalized, stands_alone

    plain = "".join(f" {n} " if stands_alone(c) else n for c in text for n in [normalized(c)])
    numbers = {word: i for i, word in enumerate(WORDS)}
    found = []
    for word in plain.split():
        start, pieces = 0, []
        while start < len(word):
            fitting = [
                (numbers[piece], end)
                for end in range(len(word), start, -1)
                if (piece := ("##" if start else "") + word[start:end]) in numbers
            ]
            if not fitting:
                pieces = [0]
                break
            pieces.append(fitting[0][0])
            start = fitting[0][1]
        found += pieces
    return found


@pytest.fixture(scope="module")
def wordpiece(tmp_path_factory):
    from wordpiece import WordpieceTokenizer

    file = tmp_path_factory.mktemp("words") / "vocab.txt"
    file.write_text("\n".join(WORDS), encoding="utf-8")
    return WordpieceTokenizer(str(file), 7, 0)


@settings(max_examples=60)
@given(st.lists(st.text("unafble HE\u00c9\u65e5!\t\u0301\u200b", max_size=12), min_size=1, max_size=4))
def test_the_wordpiece_tokenizer_is_greedy(wordpiece, texts):
    import tensorflow as tf

    found = wordpiece.tokenize(tf.constant(texts)).merge_dims(1, 2).to_list()
    assert found == [word_pieces(text) for text in texts]


def test_packing_cuts_the_longer_of_two_texts(wordpiece):
    import tensorflow as tf
    from minilm import pack_inputs

    tokens = [wordpiece.tokenize(tf.constant([text])) for text in ("hello hello hello hello", "a")]
    packed = pack_inputs(tokens, 7)
    assert packed["input_word_ids"].numpy().tolist() == [[101, 6, 6, 6, 102, 4, 102]]
    assert packed["input_type_ids"].numpy().tolist() == [[0, 0, 0, 0, 0, 1, 1]]
    assert packed["input_mask"].numpy().sum() == 7


def test_quantised_weights_are_scaled_back():
    from tfjs import read_weights

    values = np.array([[0, 128], [200, 255]], np.uint8)
    plain = np.array([1.5, -2.5], np.float32)
    manifest = [
        {
            "paths": ["a", "b"],
            "weights": [
                {
                    "name": "q",
                    "shape": [2, 2],
                    "dtype": "float32",
                    "quantization": {"dtype": "uint8", "min": -1.0, "scale": 0.5},
                },
                {"name": "p", "shape": [2], "dtype": "float32"},
            ],
        }
    ]
    data = values.tobytes() + plain.tobytes()
    weights = read_weights(manifest, {"a": data[:5], "b": data[5:]})
    np.testing.assert_allclose(weights["q"], values * 0.5 - 1.0)
    np.testing.assert_array_equal(weights["p"], plain)


def test_an_object_literal_of_minified_javascript_is_read():
    from tfjs import read_javascript_object

    source = 'x=function(){return {modelTopology:{a:!1,b:[.5,-.25],c:{d:null}},e:"f:g"}}()'
    assert read_javascript_object(source, "{modelTopology") == {
        "modelTopology": {"a": False, "b": [0.5, -0.25], "c": {"d": None}},
        "e": "f:g",
    }


def test_pickles_that_could_run_code_are_refused():
    import pickle

    import squeezenet

    for value in (pytest.raises, re.compile("x"), Path("x")):
        with pytest.raises(pickle.UnpicklingError, match="Expected NumPy arrays only, got"):
            squeezenet._ArraysOnly(io.BytesIO(pickle.dumps(value))).load()


def test_matches_that_agree_on_a_map_are_distinguished_from_others():
    from matching import draw, match

    random = np.random.default_rng(0)
    places = random.uniform(0, 200, (60, 2))
    descriptors = random.standard_normal((60, 40))
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    moved = places @ np.array([[0.9, 0.1], [-0.1, 0.9]]) + 5
    moved[40:] = random.uniform(0, 200, (20, 2))
    found = match(
        {"locations": places, "descriptors": descriptors}, {"locations": moved, "descriptors": descriptors}
    )
    assert found.inliers[:40].all()
    assert found.inliers[40:].sum() < 5
    picture = draw(np.zeros((200, 200, 3)), np.zeros((100, 150, 3)), found)
    assert picture.size == (350, 200)


# --- the modules, built from their packages ------------------------------------------------------------


@pytest.fixture(scope="module")
def built(recipes, tmp_path_factory):
    """Builds a module, once, and gives its directory."""
    build = importlib.import_module("build")
    out = Path(os.environ.get("TFHUB_TEST_ZOO") or tmp_path_factory.mktemp("zoo"))
    return lambda name: str(build.build(recipes[name], out) / "module")


assets = [pytest.mark.assets, pytest.mark.slow]


def photos(side: int) -> tuple[np.ndarray, np.ndarray]:
    """The twenty ImageNet photos of foolbox, the middle of each, and their labels; for checking only."""
    from assets import fetch, members, read_member
    from PIL import Image

    package = fetch("foolbox", "3.3.4", "11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb")
    images, labels = [], []
    for name in sorted(members(package)):
        found = re.search(r"imagenet_\d+_(\d+)\.jpg", name)
        if found:
            image = Image.open(io.BytesIO(read_member(package, name))).convert("RGB")
            edge = round(side * 256 / 224)
            margin = (edge - side) // 2
            image = image.resize((edge, edge)).crop((margin, margin, margin + side, margin + side))
            images.append(np.asarray(image, np.float32) / 255)
            labels.append(int(found.group(1)))
    return np.stack(images), np.array(labels)


def small_photos(kinds: tuple[int, ...], each: int) -> tuple[np.ndarray, np.ndarray]:
    """Test images of some classes of CIFAR-10, float32 `[n, 32, 32, 3]` in [0, 1], and their labels."""
    import cifar10
    from assets import fetch

    package = cifar10.PACKAGE
    images, labels = cifar10.read_test(
        fetch(package.name, package.version, package.sha256, kind=package.kind)
    )
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == kind)[:each] for kind in kinds]))
    return images[chosen].astype(np.float32) / 255, labels[chosen]


def probe(features: np.ndarray, labels: np.ndarray) -> float:
    """The accuracy, on the second half, of a ridge regression to the classes that is fitted on the first."""
    x = features.reshape(len(features), -1).astype(np.float64)
    half = len(x) // 2
    x = (x - x[:half].mean(0)) / (x[:half].std(0) + 1e-6)
    wanted = labels[:half, None] == np.unique(labels)
    kernel = x[:half] @ x[:half].T
    weights = np.linalg.solve(kernel + x.shape[1] * np.eye(half), wanted - wanted.mean(0))
    found = np.unique(labels)[(x[half:] @ x[:half].T @ weights + wanted.mean(0)).argmax(1)]
    return float(np.mean(found == labels[half:]))


class TestModules:
    pytestmark = assets

    def test_every_module_is_what_its_card_and_recipe_say(self, built, recipes):
        from recipe import card

        import tensorflow_hub as hub
        from tensorflow_hub.format.description import describe

        for recipe in recipes.values():
            directory = built(recipe.name)
            problems = [str(problem) for problem in check_text(card(recipe), describe(directory))[1]]
            # Not every dataset and architecture is in the lists of tfhub.dev.
            assert [text for text in problems if "is not a known" not in text] == [], recipe.name
            if recipe.interface:
                hub.check_interface(directory, recipe.interface)
            else:
                assert hub.check_interface(directory) == (), recipe.name

    def test_no_variable_is_stored_twice(self, built, recipes):
        import tensorflow as tf
        import third_party

        from tensorflow_hub.format.description import describe

        as_they_came = {recipe.name for recipe in third_party.RECIPES}
        for name in recipes.keys() - as_they_came:
            directory = built(name)
            parameters = describe(directory).variables.parameters
            reader = tf.train.load_checkpoint(str(Path(directory) / "variables" / "variables"))
            shapes = reader.get_variable_to_shape_map().values()
            stored = sum(math.prod(shape) for shape in shapes)
            assert stored <= 1.01 * parameters + 10, name  # counters, and the graph of objects

    def load(self, directory, **arguments):
        import tensorflow_hub as hub

        return hub.load(directory, **arguments)

    @pytest.mark.parametrize(
        ("name", "right"),
        [("zoo/squeezenet/classification/1", 14), ("zoo/efficientnet-lite0/classification/1", 17)],
    )
    def test_photos_are_classified(self, built, name, right):
        images, labels = photos(224)
        logits = self.load(built(name))(images).numpy()
        assert (logits.argmax(1) == labels).sum() >= right

    @pytest.mark.parametrize(
        ("name", "side", "width"),
        [("zoo/mobilenet-v2/feature-vector/1", 224, 1280), ("zoo/inception-v3/feature-vector/1", 299, 2048)],
    )
    def test_backbones_tell_photos_apart(self, built, name, side, width):
        images, _ = photos(side)
        vectors = self.load(built(name))(images[:4]).numpy()
        assert vectors.shape == (4, width)
        assert np.all(np.ptp(vectors, axis=0).max() > 0.1)

    @pytest.mark.parametrize(
        ("name", "side"),
        [("zoo/mobilenet-v2/feature-vector/1", 224), ("zoo/inception-v3/feature-vector/1", 299)],
    )
    def test_backbones_tell_cats_from_dogs(self, built, name, side):
        import tensorflow as tf

        images, labels = small_photos((3, 5), 100)
        module = self.load(built(name))
        large = (tf.image.resize(part, (side, side)) for part in np.array_split(images, 10))
        vectors = np.concatenate([module(part).numpy() for part in large])
        assert probe(vectors, labels) > probe(images, labels) + 0.1

    @pytest.mark.parametrize("name", ["nasnet", "pnasnet"])
    def test_small_networks_have_learnt_to_see(self, built, name):
        images, labels = small_photos(tuple(range(10)), 200)
        module = self.load(built(f"zoo/{name}/cifar10-feature-vector/1"))
        vectors = np.concatenate([module(part).numpy() for part in np.array_split(images, 10)])
        assert probe(vectors, labels) > probe(images, labels) + 0.25

    def test_paraphrases_are_near(self, built):
        encode = self.load(built("zoo/universal-sentence-encoder-lite/1"))
        texts = ["How old are you?", "What is your age?", "The cat sat on the mat."]
        vectors = encode(texts).numpy()
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
        assert vectors[0] @ vectors[1] == pytest.approx(0.85, abs=0.02)
        assert vectors[0] @ vectors[2] < 0.2

    def test_minilm_preprocesses_and_encodes(self, built):
        preprocess = self.load(built("zoo/minilm-l6/preprocess/1"))
        encode = self.load(built("zoo/minilm-l6/encoder/1"))
        vectors = encode(preprocess(["How old are you?", "What is your age?", "The cat sat on the mat."]))[
            "default"
        ]
        alike = (vectors.numpy() @ vectors.numpy().T)[0]
        assert alike[1] > 0.7
        assert alike[2] < 0.2

    def test_misspelt_words_are_near_the_right_ones(self, built):
        words = ["Natural", "Naturael", "Language"]
        vectors = self.load(built("zoo/character-words-en/1"))(words).numpy()
        assert np.linalg.norm(vectors[0] - vectors[1]) < 0.5 * np.linalg.norm(vectors[0] - vectors[2])

    @pytest.mark.parametrize(
        ("code", "texts"),
        [
            ("en", ["The cat sat on the mat.", "A dog lay on the rug", "Stock markets fell sharply"]),
            ("ja", ["猫が好きです", "犬を飼っている", "株価が大きく下落した"]),
            ("ru", ["Кошка спит на диване", "Собака лежит на ковре", "Курс рубля упал сегодня"]),
        ],
    )
    def test_word_vectors_agree_in_both_formats(self, built, code, texts):
        two = self.load(built(f"zoo/word-vectors-{code}/tf2/1"))(texts).numpy()
        one = self.load(built(f"zoo/word-vectors-{code}/tf1/1"))(texts).numpy()
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
        unit = two / np.linalg.norm(two, axis=1, keepdims=True)
        assert unit[0] @ unit[1] > unit[0] @ unit[2] + 0.1

    def test_a_bird_is_detected(self, built):
        from object_detection import LABELS

        found = self.load(built("zoo/coco-ssd-mobilenet/1"))(photos(300)[0][15:16])
        assert LABELS[int(found["detection_classes"][0, 0]) - 1] == "bird"
        assert float(found["detection_scores"][0, 0]) > 0.5

    def test_a_pure_tone_is_heard(self, built):
        tone = np.sin(2 * np.pi * 440 * np.arange(43844) / 22050).astype(np.float32)[None, :, None]
        notes = self.load(built("zoo/basic-pitch/1"))(tone)["note"].numpy()[0].mean(0)
        assert notes.argmax() == 48  # the A above middle C on a piano

    def test_a_language_is_guessed(self, built):
        guess = self.load(built("zoo/guesslang/1"), tags=["serve"]).signatures["serving_default"]
        import tensorflow as tf

        found = guess(tf.constant(["def add(a, b):\n    return a + b\n\nimport os\nprint(os.getcwd())\n"]))
        best = int(np.argmax(found["scores"].numpy()[0]))
        assert found["classes"].numpy()[0][best] == b"py"

    def test_two_photos_of_one_object_match(self, built):
        import tensorflow as tf
        from assets import fetch
        from local_features import RECIPES, read_photo
        from matching import match

        package = RECIPES[0].packages[0]
        source = fetch(package.name, package.version, package.sha256)
        module = self.load(built("zoo/local-features/1"))

        def features(name):
            inputs = {
                "image": tf.constant(read_photo(source, name)),
                "image_scales": tf.constant([0.5, 0.707, 1.0, 1.414]),
                "score_threshold": tf.constant(0.0),
                "max_feature_num": tf.constant(800),
            }
            return {key: value.numpy() for key, value in module(inputs).items()}

        left, right, other = (
            features(f"{n}.png") for n in ("motorcycle_left", "motorcycle_right", "astronaut")
        )
        assert match(left, right).inliers.sum() > 150
        assert match(left, other).inliers.sum() < 30

    def test_pictures_of_clothes_are_plausible_and_various(self, built):
        import fashion
        import keras
        from assets import fetch

        package = fashion.PACKAGE
        source = fetch(package.name, package.version, package.sha256, kind=package.kind)
        real = [fashion.read_class(source, number)[:2000] for number in range(10)]
        labels = np.repeat(np.arange(10), [len(part) for part in real])
        keras.utils.set_random_seed(1)
        classifier = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                keras.layers.Conv2D(16, 3, 2, activation="relu"),
                keras.layers.Conv2D(32, 3, 2, activation="relu"),
                keras.layers.Flatten(),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        classifier.compile("adam", "sparse_categorical_crossentropy")
        classifier.fit(np.concatenate(real)[..., None], labels, batch_size=64, epochs=4, verbose=0)

        generate = self.load(built("zoo/progressive-gan-fashion/1"))
        latent = np.random.default_rng(1).standard_normal((1000, 64)).astype(np.float32)
        pictures = generate(latent).numpy()
        assert pictures.shape == (1000, 28, 28, 1)
        assert 0 <= pictures.min() < 0.01
        assert 0.9 < pictures.max() <= 1
        chances = classifier.predict(pictures, verbose=0)
        assert chances.max(1).mean() > 0.75  # 0.87 on real ones
        shares = np.bincount(chances.argmax(1), minlength=10) / len(pictures)
        assert shares.min() > 0.02
        # Two thirds of the way between neighbours on a path, pictures change little.
        share = np.linspace(0, 1, 25, dtype=np.float32)[:, None]
        path = generate((1 - share) * latent[:1] + share * latent[1:2]).numpy().reshape(25, -1)
        steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
        assert steps.max() < 0.3 * np.linalg.norm(path[-1] - path[0])

    def test_a_language_model_reads_words_in_context(self, built):
        import tensorflow as tf

        module = self.load(built("zoo/bidirectional-lm-en/1"))
        sentences = [["the", "film", "was", "good"], ["a", "good", "laugh"]]
        found = module.signatures["default"](tf.constant([" ".join(words) for words in sentences]))
        tokens = module.signatures["tokens"](
            tokens=tf.constant([words + [""] * (4 - len(words)) for words in sentences]),
            sequence_len=tf.constant([4, 3]),
        )
        widths = {"word_emb": 128, "lstm_outputs1": 256, "lstm_outputs2": 256, "elmo": 256}
        for name, width in widths.items():
            assert found[name].shape == (2, 4, width)
            np.testing.assert_allclose(found[name], tokens[name], atol=1e-6)
            assert not np.any(found[name][1, 3])  # behind the end of the sentence
        np.testing.assert_allclose(found["word_emb"][0, 3], found["word_emb"][1, 1])  # "good"
        assert np.abs(found["elmo"][0, 3] - found["elmo"][1, 1]).max() > 0.05
        assert found["default"].shape == (2, 256)
