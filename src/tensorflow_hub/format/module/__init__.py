"""What a module directory contains, read without TensorFlow: layout, signatures, ops, variables."""
