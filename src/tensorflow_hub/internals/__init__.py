"""All uses of private names of TensorFlow and Keras in the library.

A private name may change in any release. So each is used in one function or class here. Its docstring says
which public name comes closest ("Public"), since which release the private name exists ("Since"), and what a
user loses if it is missing ("Without it"). `tests/internals/` tests each one on all supported releases of
TensorFlow (`make test-tensorflows`). An architecture test finds private names in other folders.
"""
