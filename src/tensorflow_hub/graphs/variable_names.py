"""Unique names for variables."""

from __future__ import annotations


def unique_names(names: list[str]) -> list[str]:
    """The names, with a number appended to each that repeats an earlier one, as in Keras.

    >>> unique_names(["w", "b", "w"])
    ['w', 'b', 'w_1']
    """
    taken: set[str] = set()
    result = []
    for name in names:
        unique, number = name, 0
        while unique in taken:
            number += 1
            unique = f"{name}_{number}"
        taken.add(unique)
        result.append(unique)
    return result
