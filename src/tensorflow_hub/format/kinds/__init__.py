"""The kinds of deployments (SavedModel, TFLite, TF.js, Coral): one file for each, and a table."""
