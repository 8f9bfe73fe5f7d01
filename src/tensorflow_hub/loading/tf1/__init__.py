"""Modules of TensorFlow 1: `hub.Module`, and the object that `hub.load` makes of one."""
