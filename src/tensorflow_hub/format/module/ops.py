"""Classes of ops: ops of TensorFlow, ops of other packages, and ops with effects outside of the graph."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from importlib import resources

# Effect → ops that have it, with the permissions of the process that runs the module. The ops that save and
# restore variables are in every module, so they count only if the call of the module runs them (SAVER_OPS).
# InitializeTableFromTextFileV2, which can read any path, is not listed, because many modules fill tables from
# assets; docs/format.md and SECURITY.md warn of it.
_UNSAFE = {
    "runs a Python function of the process": "PyFunc PyFuncStateless EagerPyFunc",
    "reads files": """
        ReadFile MatchingFiles WholeFileReader WholeFileReaderV2 TextLineReader TextLineReaderV2
        TFRecordReader TFRecordReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 LMDBReader
        TextLineDataset
        TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2 LMDBDataset
        ExperimentalLMDBDataset MatchingFilesDataset ExperimentalMatchingFilesDataset LoadDataset
        LoadDatasetV2 ImmutableConst LoadAndRemapMatrix""",
    "writes files, or to the terminal": """
        WriteFile SaveDataset SaveDatasetV2 SnapshotDataset SnapshotDatasetV2 SnapshotDatasetReader
        DatasetToTFRecord ExperimentalDatasetToTFRecord DistributedSave CreateSummaryFileWriter
        CreateSummaryDbWriter CacheDataset CacheDatasetV2 PrintV2""",
    "opens connections": """
        SqlDataset ExperimentalSqlDataset DebugIdentity DebugIdentityV2 DebugIdentityV3 DataServiceDataset
        DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 RegisterDataset RegisterDatasetV2
        RpcCall RpcClient RpcServer RemoteCall RemoteFusedGraphExecute""",
}
# Op of a saver → its effect. These ops are safe if only the saver runs them; see `applied_ops`.
SAVER_OPS: Mapping[str, str] = {
    op: what
    for what, ops in {
        "reads files": "Restore RestoreSlice RestoreV2",
        "writes files, or to the terminal": "Save SaveSlices SaveV2 MergeV2Checkpoints",
    }.items()
    for op in ops.split()
}
UNSAFE_OPS: Mapping[str, str] = {op: what for what, ops in _UNSAFE.items() for op in ops.split()}

# Names of custom ops → the package on PyPI and the Python module whose import registers the ops.
_PACKAGES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(
            r"TFText>.*|.*(Wordpiece|WordPiece|Sentencepiece|FastBertNormalize|SentenceFragments|RegexSplit).*"
            r"|CaseFoldUTF8|NormalizeUTF8.*|Whitespace(Tokenize|Tokenizer).*|UnicodeScriptTokenize.*|RougeL"
            r"|Constrained?Sequence|SplitMerge(Tokenize|FromLogits).*|NgramsStringJoin|FindSourceOffsets|Utf8Binarize"
            r"|ByteSplit.*|PhraseTokenize.*|PhraseDetokenize|.*TrimmerOp|Detokenize.*|MaxSpanningTree|StringJoin.*Ngram"
        ),
        "tensorflow-text",
        "tensorflow_text",
    ),
    (re.compile(r"Addons>.*"), "tensorflow-addons", "tensorflow_addons"),
    (re.compile(r"IO>.*"), "tensorflow-io", "tensorflow_io"),
    (re.compile(r"SimpleML.*"), "tensorflow-decision-forests", "tensorflow_decision_forests"),
    (re.compile(r"TFRA>.*"), "tensorflow-recommenders-addons", "tensorflow_recommenders_addons"),
    (re.compile(r"Scann>.*|ScaNN.*"), "scann", "scann"),
    (re.compile(r"Struct2Tensor.*|.*ProtoDecode.*|DecodeProtoSparse.*"), "struct2tensor", "struct2tensor"),
)


@functools.cache
def core_ops() -> frozenset[str]:
    """The names of the ops that TensorFlow registers.

    >>> "MatMul" in core_ops(), "SentencepieceTokenizeOp" in core_ops()
    (True, False)
    """
    text = resources.files(__package__).joinpath("core_ops.txt").read_text(encoding="ascii")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def custom_ops(ops: Iterable[str]) -> tuple[str, ...]:
    """Those of the ops that TensorFlow does not register, sorted.

    >>> custom_ops(["MatMul", "SentencepieceTokenizeOp"])
    ('SentencepieceTokenizeOp',)
    """
    return tuple(sorted(set(ops) - core_ops()))


def needed_packages(ops: Iterable[str]) -> dict[str, str]:
    """Package that defines some of the ops → Python module to import before loading.

    >>> needed_packages(["SentencepieceTokenizeOp"])
    {'tensorflow-text': 'tensorflow_text'}
    """
    found = {}
    for op in custom_ops(ops):
        for pattern, package, module in _PACKAGES:
            if pattern.fullmatch(op):
                found[package] = module
                break
    return dict(sorted(found.items()))


def unsafe_ops(ops: Iterable[str], applied: Iterable[str] = ()) -> dict[str, str]:
    """Op with effects outside of the graph → its effect.

    Args:
      ops: all ops of a module.
      applied: the ops that run when the module is called; ops of a saver count only if they are among these.

    >>> unsafe_ops(["MatMul", "ReadFile"])
    {'ReadFile': 'reads files'}
    >>> unsafe_ops(["SaveV2", "RestoreV2"], applied=["RestoreV2"])
    {'RestoreV2': 'reads files'}
    """
    found = {op: UNSAFE_OPS[op] for op in set(ops) if op in UNSAFE_OPS}
    found |= {op: SAVER_OPS[op] for op in set(applied) if op in SAVER_OPS}
    return dict(sorted(found.items()))
