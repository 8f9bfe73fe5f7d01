"""The command `tfhub`, one file per verb."""
