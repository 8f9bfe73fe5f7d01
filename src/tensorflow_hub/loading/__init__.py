"""Loading: from a handle to the objects that a program uses."""
