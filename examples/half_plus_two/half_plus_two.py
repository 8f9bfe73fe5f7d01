"""The smallest module: y = half · x + two, made, exported, used.

python examples/half_plus_two/half_plus_two.py --export_dir /tmp/half_plus_two
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

import tensorflow_hub as hub

v1 = tf.compat.v1


def module_fn():
    """Two variables and one signature."""
    x = v1.placeholder(tf.float32, [None], name="x")
    half = v1.get_variable("half", initializer=0.5)
    two = v1.get_variable("two", initializer=2.0)
    hub.add_signature(inputs=x, outputs=half * x + two)


def export(directory):
    """Exports the module with the values its initializers give."""
    with tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(hub.create_module_spec(module_fn))
        session.run(v1.global_variables_initializer())
        module.export(directory, session)


def main(arguments=None):
    """Exports the module, reads it back, applies it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--export_dir", required=True, help="where to; nothing may be there")
    directory = parser.parse_args(arguments).export_dir
    export(directory)
    with tf.Graph().as_default(), v1.Session() as session:
        y = hub.Module(directory)([0.0, 1.0, 4.0])
        session.run(v1.global_variables_initializer())
        print("TF1:", session.run(y))
    print("TF2:", hub.load(directory)(tf.constant([0.0, 1.0, 4.0])).numpy())


if __name__ == "__main__":
    main()
