"""The command `tfhub`, one file a verb."""
