"""SavedModels of TensorFlow 2: loaded faster, and let go of."""
