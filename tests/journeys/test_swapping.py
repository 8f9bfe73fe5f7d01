"""Two modules of one common interface are swapped by changing the handle, and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tensorflow_hub as hub

SIZE = 16
IMAGES = np.random.default_rng(0).random([6, SIZE, SIZE, 3]).astype(np.float32)
TEXTS = ["a fine day", "hello world", "hello", "a world", "fine", "no such words"]
LABELS = np.array([0, 1, 1, 0, 0, 1])


@pytest.fixture(scope="module")
def handles(tmp_path_factory, repository):
    """Two modules of each interface, one in each format, with vectors of different lengths."""
    import keras
    import tensorflow as tf

    root = tmp_path_factory.mktemp("swapped")
    for form, features in (("saved_model_2", 5), ("hub", 7)):
        keras.utils.set_random_seed(features)
        network = keras.Sequential([keras.Input([SIZE, SIZE, 3]), keras.layers.Conv2D(features, 3)])
        network.add(keras.layers.BatchNormalization())
        network.add(keras.layers.GlobalAveragePooling2D())
        hub.export_keras_model(network, str(root / f"image-{form}"), format=form)
    embedding = tf.train.Checkpoint(table=tf.Variable(tf.random.stateless_uniform([50, 3], [1, 2])))
    embedding.variables = embedding.trainable_variables = [embedding.table]

    @tf.function
    def embed(texts, training=False):
        words = tf.strings.to_hash_bucket_fast(tf.strings.split(texts), 50)
        vectors = tf.reduce_mean(tf.gather(embedding.table, words), axis=1)
        return vectors * 1.0 if training else vectors

    for training in (False, True):
        embed.get_concrete_function(tf.TensorSpec([None], tf.string), training=training)
    embedding.__call__ = embed
    tf.saved_model.save(embedding, str(root / "text-saved_model_2"))
    return {
        "image-feature-vector": [str(root / "image-saved_model_2"), str(root / "image-hub")],
        "text-embedding": [
            str(root / "text-saved_model_2"),
            str(repository / "tests/data/tf1_modules/05_text_embedding/module"),
        ],
    }


CASES = [(name, number) for name in ("image-feature-vector", "text-embedding") for number in (0, 1)]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}, {('TF2', 'TF1 Hub')[case[1]]} format")
def swapped(request, handles):
    """The interface, the handle, and inputs of that interface."""
    interface, number = request.param
    return interface, handles[interface][number], IMAGES if interface.startswith("image") else TEXTS


def test_the_check_names_the_same_interface(swapped):
    interface, handle, _ = swapped
    (met,) = hub.check_interface(handle, interface)
    assert met.name == interface


def test_loaded_it_takes_the_same_and_gives_vectors(swapped):
    import tensorflow as tf

    _, handle, inputs = swapped
    module = hub.load(handle)
    outputs = module(tf.constant(inputs))
    assert outputs.dtype == tf.float32
    assert outputs.shape[0] == len(inputs)
    assert outputs.shape.rank == 2
    assert module(tf.constant(inputs), training=True).shape == outputs.shape
    assert module.trainable_variables


@pytest.mark.parametrize("trainable", [False, True])
def test_as_a_layer_it_goes_into_the_same_model(swapped, trainable):
    import keras
    import tensorflow as tf

    interface, handle, inputs = swapped
    form = {"dtype": tf.string, "input_shape": []} if interface == "text-embedding" else {}
    layer = hub.KerasLayer(handle, trainable=trainable, **form)
    model = keras.Sequential([layer, keras.layers.Dense(2)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = [w.numpy().copy() for w in layer.weights]
    model.fit(tf.data.Dataset.from_tensor_slices((inputs, LABELS)).batch(3), epochs=2, verbose=0)
    changed = [(w.numpy() != b).any() for w, b in zip(layer.weights, before, strict=True)]
    assert any(changed) is trainable
    np.testing.assert_allclose(
        layer(tf.constant(inputs)), hub.load(handle)(tf.constant(inputs)), atol=1.0 if trainable else 1e-5
    )


def test_the_tools_take_it_with_the_same_options(swapped, tmp_path):
    from PIL import Image

    interface, handle, inputs = swapped
    data = tmp_path / "texts.txt"
    options = {}
    if interface == "text-embedding":
        data.write_text("".join(f"{text}\n" for text in inputs))
    else:
        data, options = tmp_path / "images", {"image_size": (SIZE, SIZE)}
        data.mkdir()
        for number, image in enumerate(inputs):
            Image.fromarray((255 * image).astype(np.uint8)).save(data / f"{number}.png")
    done = hub.tools.apply(handle, data, tmp_path / "out", format="npy", **options)
    vectors = np.load(tmp_path / "out" / "part-00000.npy")
    assert done.rows == len(inputs)
    assert vectors.shape == (len(inputs), done.dimension)
    np.testing.assert_allclose(vectors, hub.load(handle)(np.array(inputs)), atol=2e-2)
    json.dumps(done.to_dict())
