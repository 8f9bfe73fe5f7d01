"""Ops that a SavedModel needs and this process may lack: known before anything is loaded."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import tensorflow as tf

from tensorflow_hub.errors import MissingDependencyError, UnsupportedFeatureError

if TYPE_CHECKING:
    from tensorflow_hub.loading.saved_model import SavedModelDirectory

# What an op's name begins with, or is → (package to install, module to import). The first that fits.
PACKAGES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("Addons>",), "tensorflow-addons", "tensorflow_addons"),
    (("TFText>", "Sentencepiece", "SentencepieceOp"), "tensorflow-text", "tensorflow_text"),
    (
        (
            "BoiseOffsetTagsToOffsets",
            "BytesSplit",
            "CaseFoldUTF8",
            "ConstrainedSequence",
            "FastBert",
            "FastSentencepiece",
            "FastWordpiece",
            "MaskedLanguageModel",
            "MaxSpanningTree",
            "NgramsStringJoin",
            "NormalizeUTF8",
            "OffsetsToBoiseTags",
            "RaggedTensorToTensorText",
            "RegexSplitWithOffsets",
            "RougeL",
            "SentenceFragments",
            "SplitMergeFromLogits",
            "SplitMergeTokenize",
            "TokenizerFromLogits",
            "UnicodeScriptTokenize",
            "Utf8Binarize",
            "WhitespaceTokenize",
            "WordpieceTokenize",
        ),
        "tensorflow-text",
        "tensorflow_text",
    ),
    (("IO>",), "tensorflow-io", "tensorflow_io"),
    (
        ("DecisionForest", "SimpleML", "YggdrasilDecision"),
        "tensorflow-decision-forests",
        "tensorflow_decision_forests",
    ),
    (("TFRA>",), "tensorflow-recommenders-addons", "tensorflow_recommenders_addons"),
    (("Struct2Tensor", "DecodeProtoSparse"), "struct2tensor", "struct2tensor"),
)


def require_ops(directory: SavedModelDirectory) -> None:
    """Makes sure that every op of the SavedModel is known, importing the package of a custom one.

    Raises:
      MissingDependencyError: the op's package is known, and is not installed.
      UnsupportedFeatureError: nobody here knows the op.
    """
    missing = {name for name in op_names(directory.proto) if not _is_known(name)}
    for package, module in sorted({known for op in missing if (known := _package_of(op))}):
        ops = sorted(op for op in missing if _package_of(op) == (package, module))
        try:
            importlib.import_module(module)
        except Exception as error:
            raise MissingDependencyError(
                f"The module {directory.path!r} uses the op {ops[0]!r} of the package {package}, "
                + ("which is not installed." if isinstance(error, ImportError) else f"which fails: {error}"),
                hint=f"Run `pip install {package}` (of the release of your TensorFlow {tf.__version__}); "
                f"it is then imported for you, as with `import {module}`.",
            ) from error
        missing -= {op for op in ops if _is_known(op)}
    if missing:
        raise UnsupportedFeatureError(
            f"The module {directory.path!r} uses the op {min(missing)!r}, which TensorFlow "
            f"{tf.__version__} does not know here"
            + (f" (nor {len(missing) - 1} more)." if len(missing) > 1 else "."),
            hint="Import the library that defines the op before loading, with `tf.load_op_library(…)` "
            "for a library of your own.",
        )


def op_names(proto: object) -> set[str]:
    """The names of all ops in the graphs and functions of a SavedModel protobuf, not of functions called."""
    names: set[str] = set()
    functions: set[str] = set()
    for meta_graph in proto.meta_graphs:  # type: ignore[attr-defined]
        graph = meta_graph.graph_def
        names.update(node.op for node in graph.node)
        for function in graph.library.function:
            functions.add(function.signature.name)
            names.update(node.op for node in function.node_def)
    return names - functions


def _is_known(op: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(op) is not None


def _package_of(op: str) -> tuple[str, str] | None:
    return next((found[1:] for found in PACKAGES if op.startswith(found[0])), None)
