"""The command `tfhub`: one file for each verb."""
