"""Loading TF2 SavedModels: faster than TensorFlow does, and without leaking memory."""
