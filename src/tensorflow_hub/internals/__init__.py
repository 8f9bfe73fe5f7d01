"""Private names of TensorFlow and Keras: all that the library uses of them, and nothing else.

A private name may change in any release. Each stands here once, in a function or class whose docstring says
why no public name does the same, since when it exists, and what a user loses where it is missing.
`tests/internals/` calls each of them, on every release of TensorFlow that is supported (`make
test-tensorflows`), and a test of the architecture keeps private names out of all other folders.
"""
