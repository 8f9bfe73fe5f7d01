"""Names of tensors and nodes as they are written in a GraphDef."""

from __future__ import annotations


def node_of(tensor_name: str) -> str:
    """The name of the node that gives a tensor, or that a control input names.

    >>> node_of("a/b:1"), node_of("^a/b"), node_of("a/b")
    ('a/b', 'a/b', 'a/b')
    """
    return tensor_name.removeprefix("^").rsplit(":", 1)[0]


def output_of(name: str) -> str:
    """The name of a tensor with its output number.

    >>> output_of("a/b"), output_of("a/b:1")
    ('a/b:0', 'a/b:1')
    """
    return name if ":" in name else f"{name}:0"
