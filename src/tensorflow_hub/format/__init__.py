"""File formats, read without TensorFlow: module directories, archives, cards and kinds of deployments."""
