"""Reads the weights in a PyTorch file of the kind before 1.6, without PyTorch and without running a pickle.

Such a file is a row of pickles (magic number, protocol, system, objects, storage keys) followed by the
storages: a little-endian int64 count and the raw values, in the order of the keys. The unpickler below
builds ordered dictionaries and tensors and refuses every other class.
"""

from __future__ import annotations

import collections
import io
import pickle
from typing import Any

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8", "IntStorage": "<i4", "HalfStorage": "<f2"}


class _Storage:
    def __init__(self, dtype: str, size: int) -> None:
        self.values = np.zeros(size, dtype)


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BufferedIOBase) -> None:
        super().__init__(stream)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"Expected only tensors in the file, found {module}.{name}.")

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, _, size, _ = pid
        return self.storages.setdefault(key, _Storage(dtype, size))


def _tensor(storage: _Storage, offset: int, shape: Any, strides: Any, *_: Any) -> Any:
    # Resolved after the storages are filled: the view shares their memory.
    itemsize = storage.values.itemsize
    steps = tuple(step * itemsize for step in strides)
    return np.lib.stride_tricks.as_strided(storage.values[offset:], shape, steps)


def read_weights(content: bytes) -> dict[str, np.ndarray]:
    """Name → array of a state dictionary.

    Raises:
      pickle.UnpicklingError: the bytes are something else, or hold more than tensors.
    """
    stream = io.BytesIO(content)
    if _Unpickler(stream).load() != _MAGIC:
        raise pickle.UnpicklingError("Expected a PyTorch file of the kind before 1.6.")
    for _ in range(2):
        _Unpickler(stream).load()  # protocol version, sizes of the system's types
    unpickler = _Unpickler(stream)
    weights = unpickler.load()
    for key in _Unpickler(stream).load():
        storage = unpickler.storages[key]
        (count,) = np.frombuffer(stream.read(8), "<i8")
        values = np.frombuffer(stream.read(int(count) * storage.values.itemsize), storage.values.dtype)
        storage.values[:] = values
    return dict(weights)
