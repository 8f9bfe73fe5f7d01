"""Lists the ops that TensorFlow registers itself: src/tensorflow_hub/format/module/core_ops.txt.

Run with the newest TensorFlow that the package supports:

    python scripts/list_core_ops.py > src/tensorflow_hub/format/module/core_ops.txt
"""

from __future__ import annotations

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session


def main() -> None:
    """Prints one name a line, after a line that says where they come from."""
    buffer = pywrap_tf_session.TF_GetAllOpList()
    ops = op_def_pb2.OpList.FromString(pywrap_tf_session.TF_GetBuffer(buffer))
    print(f"# Ops registered by TensorFlow {tf.__version__}; made by scripts/list_core_ops.py.")
    print("\n".join(sorted(op.name for op in ops.op)))


if __name__ == "__main__":
    main()
