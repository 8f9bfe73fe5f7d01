"""Reading the contents of a module directory without TensorFlow: layout, signatures, ops, variables."""
