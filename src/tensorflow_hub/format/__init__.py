"""File formats: module directories, archives and cards, read without TensorFlow."""
