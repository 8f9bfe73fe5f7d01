"""The handlers of the endpoints, in a file for each subject."""
