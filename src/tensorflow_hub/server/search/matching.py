"""Whether a signature has the types that a search wants."""

from __future__ import annotations

from collections.abc import Sequence

from tensorflow_hub.format.module.signature_types import SignatureType, TensorType


def matches(wanted: SignatureType, offered: SignatureType) -> bool:
    """Whether a signature has exactly the wanted inputs, and at least the wanted outputs.

    A wanted shape may leave out the batch dimension.

    >>> from tensorflow_hub.format.module.signature_types import parse_types
    >>> use = parse_types("inputs:string[?] -> outputs:float32[?,512]")
    >>> matches(parse_types("string -> float32[512]"), use)
    True
    >>> matches(parse_types("string -> float32[128]"), use)
    False
    """
    return (
        len(wanted.inputs) in (0, len(offered.inputs))
        and _assign(wanted.inputs, offered.inputs, given=True)
        and _assign(wanted.outputs, offered.outputs, given=False)
    )


def _assign(wanted: Sequence[TensorType], offered: Sequence[TensorType], *, given: bool) -> bool:
    """Whether each wanted tensor can get a different offered tensor.

    Finds a bipartite matching with augmenting paths, in polynomial time for any search.
    """
    owner: dict[int, int] = {}

    def place(want: int, tried: set[int]) -> bool:
        for have, tensor in enumerate(offered):
            if have not in tried and _fits(wanted[want], tensor, given=given):
                tried.add(have)
                if have not in owner or place(owner[have], tried):
                    owner[have] = want
                    return True
        return False

    return all(place(want, set()) for want in range(len(wanted)))


def _fits(wanted: TensorType, offered: TensorType, *, given: bool) -> bool:
    if wanted.dtype not in ("*", offered.dtype) or wanted.name not in (None, offered.name):
        return False
    if wanted.shape is None or offered.shape is None:
        return wanted.shape is None or given  # an input of unknown shape accepts any shape
    without_batch = offered.shape[1:] if offered.shape[:1] == (None,) else offered.shape
    return any(
        len(wanted.shape) == len(shape)
        and all(
            want is None or want == have or (have is None and given)
            for want, have in zip(wanted.shape, shape, strict=True)
        )
        for shape in (offered.shape, without_batch)
    )
