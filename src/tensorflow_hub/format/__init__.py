"""What a module directory is, read without TensorFlow."""
