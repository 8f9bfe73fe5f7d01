"""Names of tensors and nodes as they are written in a GraphDef."""

from __future__ import annotations


def node_name(tensor_name: str) -> str:
    """The name of the node of a tensor or of a control input.

    >>> node_name("a/b:1"), node_name("^a/b"), node_name("a/b")
    ('a/b', 'a/b', 'a/b')
    """
    return tensor_name.removeprefix("^").rsplit(":", 1)[0]


def tensor_name(name: str) -> str:
    """The name of a tensor with its output number.

    >>> tensor_name("a/b"), tensor_name("a/b:1")
    ('a/b:0', 'a/b:1')
    """
    return name if ":" in name else f"{name}:0"
