"""Module directory → what a program uses."""
