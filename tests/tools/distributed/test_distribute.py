"""Fine-tuning through tf.distribute: the module is loaded under the strategy's scope and its variables train.

Each strategy runs in processes of its own, as devices and clusters are fixed when TensorFlow starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from patience import PATIENCE
from ports import fixed_ports

# What training programs look like; `strategy` comes from the lines before them.
DATA = """
import json, sys
import numpy as np
import tensorflow_hub as hub

module, out = sys.argv[1:3]
random = np.random.default_rng(0)
images = random.uniform(size=(64, 16, 16, 3)).astype(np.float32)
images[::2, :, :, 0] += 0.8
targets = (np.arange(64) % 2 == 0).astype(np.float32)[:, None]
data = tf.data.Dataset.from_tensor_slices((images, targets)).batch(16).repeat()
options = tf.data.Options()
options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
data = data.with_options(options)

def report(losses, before, after):
    with open(out, "w") as stream:
        json.dump({"replicas": strategy.num_replicas_in_sync, "losses": losses, "weights": after.tolist(),
                   "moved": float(np.abs(after - before).max())}, stream)
"""
OWN_LOOP = """
with strategy.scope():
    loaded = hub.load(module)
    (kernel,) = loaded.trainable_variables
    head = tf.Variable(tf.random.stateless_normal([12, 1], [1, 2]))
    optimizer = tf.compat.v1.train.AdamOptimizer(0.05)

def step(x, y):
    with tf.GradientTape() as tape:
        logits = loaded(x, training=True) @ head
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, logits))
    optimizer.apply_gradients(zip(tape.gradient(loss, [kernel, head]), [kernel, head]))
    return loss

@tf.function
def distributed(batch):
    return strategy.reduce(tf.distribute.ReduceOp.MEAN, strategy.run(step, args=(batch)), axis=None)

before = kernel.numpy()
iterator = iter(strategy.experimental_distribute_dataset(data))
losses = [float(distributed(next(iterator))) for _ in range(12)]
report(losses, before, kernel.numpy())
"""
KERAS_FIT = """
import keras

with strategy.scope():
    layer = hub.KerasLayer(module, trainable=True)
    model = keras.Sequential([keras.Input((16, 16, 3)), layer, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), keras.losses.BinaryCrossentropy(from_logits=True))
before = np.array(layer.trainable_variables[0])
losses = model.fit(data, steps_per_epoch=4, epochs=6, verbose=0).history["loss"]
report(losses, before, np.array(layer.trainable_variables[0]))
"""
MIRRORED = """
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
"""
MULTI_WORKER = "strategy = tf.distribute.MultiWorkerMirroredStrategy()\n"


def start(strategy, program, *arguments, **environment):
    code = "import tensorflow as tf\n" + strategy + DATA + program
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True)


def finish(process):
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors[-3000:]


def check(result):
    assert result["replicas"] == 2
    assert result["losses"][-1] < 0.8 * result["losses"][0]
    assert result["moved"] > 1e-3


@pytest.mark.parametrize("program", [OWN_LOOP, KERAS_FIT], ids=["hub.load", "KerasLayer"])
def test_mirrored_over_two_devices(program, image_module, tmp_path):
    finish(start(MIRRORED, program, image_module, tmp_path / "result.json"))
    check(json.loads((tmp_path / "result.json").read_text()))


def test_two_workers(image_module, tmp_path):
    workers = [f"127.0.0.1:{port}" for port in fixed_ports(2)]
    processes = []
    for index in range(2):
        config = json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}})
        out = tmp_path / f"result{index}.json"
        processes.append(start(MULTI_WORKER, OWN_LOOP, image_module, out, TF_CONFIG=config))
    try:
        for process in processes:
            finish(process)
    finally:
        for process in processes:  # one waits for the other for ever
            process.kill()
    first, second = (json.loads((tmp_path / f"result{i}.json").read_text()) for i in range(2))
    check(first)
    np.testing.assert_allclose(first["weights"], second["weights"], atol=1e-6)
