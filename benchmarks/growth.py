"""Cost as work grows: rows of `apply`, models of a hub, modules in a cache, files in an archive.

    python benchmarks/growth.py [--only apply,hub,cache,archive] [--quick]

Each size is measured in a separate process. Costs are seconds of processor time of all threads, because
other programs on the machine change these little. Memory is the peak of the process itself, with the
interpreter and its imports. The last row, "× for 10 ×", has the ratio of the two largest sizes: the factor
of the cost for ten times the work.

apply    rows of Parquet through a very fast text module, as in `apply.py`.
hub      documentation files, imported by `tfhub admin import-docs`; then a hub serves them: its start until
         the new search index is complete, and pages that are not in its cache.
cache    modules with four files each: list them, find one, remove the half that was not used recently.
archive  modules with many small files: unpack a `.tar.gz` from disk into the cache, find it there, publish it
         on a hub, and resolve it from there. An archive has at most 50,000 files here. They are in memory
         (`/dev/shm`) if there is room: to make a file, ext4 looks at each inode that was freed in the last
         minutes, so after a folder of 50,000 files was removed, a new file costs 20 times as much.

The plots are written to `docs/pictures/`; with --quick, which uses small sizes, to a temporary folder. In
processor time, apply takes about 3 minutes, hub 10, cache 1 and archive 3. A million models are measured only
with `--most 1000000`, which takes about 30 minutes more, mostly for the import, and 6 GB of disk.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("src", "benchmarks", "tests/support")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from _plot import plot  # noqa: E402

from tensorflow_hub.process_usage import peak_memory  # noqa: E402

# A name of a cost → its value. Names end with the unit.
Costs = dict[str, float]
_AT_ONCE = 100_000


@contextlib.contextmanager
def counted(costs: Costs, name: str, *, times: int = 1, unit: float = 1.0) -> Iterator[None]:
    """Notes the processor time of what is done inside, for each of so many times, in seconds / `unit`."""
    started = time.process_time()
    yield
    costs[name] = (time.process_time() - started) / times / unit


def prepare_apply(rows: int, folder: Path) -> None:
    """A module, and a table of the same 100,000 texts again and again."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from apply import sentences, text_module

    text_module(folder, width=20)
    texts = sentences(folder / "texts.csv", min(rows, _AT_ONCE)).read_text().splitlines()[1:]
    with pq.ParquetWriter(folder / "texts.parquet", pa.schema([("text", pa.string())])) as writer:
        for start in range(0, rows, _AT_ONCE):
            writer.write_table(pa.table({"text": texts[: rows - start]}))


def measure_apply(rows: int, folder: Path) -> Costs:
    import tensorflow as tf

    import tensorflow_hub as hub

    tf.constant(0)  # TensorFlow sets itself up
    costs: Costs = {}
    with counted(costs, "apply, s"):
        done = hub.tools.apply(str(folder / "words"), folder / "texts.parquet", folder / "out")
    assert done.rows == rows
    costs["memory, MB"] = peak_memory() / 1e6
    return costs


def prepare_hub(models: int, folder: Path) -> None:
    """Documentation files in folders of a thousand."""
    from search import Generator

    generator = Generator()
    for number in range(1, models + 1):
        card = generator.rows(number)[2]
        fields = [(name, value) for name, values in card["metadata"].items() for value in values]
        place = folder / "documents" / str(number // 1000)
        place.mkdir(parents=True, exist_ok=True)
        head, _, rest = card["text"].partition("\n\n")
        comments = "\n".join(f"<!-- {name} : {value} -->" for name, value in fields if name != "format")
        first, _, overview = rest.partition("\n\n")
        text = f"{head}\n{first}\n\n{comments}\n\n{overview}"
        (place / f"{number}.md").write_text(text, encoding="utf-8")


def measure_hub(models: int, folder: Path) -> Costs:
    from catalogues import open_catalogue
    from hub_process import HubProcess
    from pages import measure as ask
    from pages import processor_seconds

    from tensorflow_hub.server.administration.documents_import import import_documents

    costs: Costs = {}
    data = folder / "data"
    database = open_catalogue(data)
    with counted(costs, "import, s"):
        report = import_documents(database, folder / "documents")
    assert report.outcomes["added"] == models, report.refused[:3]
    costs["import, memory, MB"] = peak_memory() / 1e6
    with database.reading() as connection:
        found = connection.exec_driver_sql("select handle || '/1' from models order by id").scalars().all()
    database.close()
    handles = found[:: max(1, models // 40)][:40]
    with HubProcess(data) as hub:
        ask(hub, ["/s?q=first", "/?n=first"])
        wait_for_index(data)
        costs["start, s"] = processor_seconds(hub.pid)
        for name, urls in {
            "home, ms": [f"/?n={n}" for n in range(40)],
            "search, ms": [f"/s?q={words(handle)}" for handle in handles],
            "model, ms": [f"/{handle}?n=1" for handle in handles],
            "publisher, ms": [f"/{handle.partition('/')[0]}?n={n}" for n, handle in enumerate(handles)],
        }.items():
            costs[name] = 1000 * ask(hub, urls)["processor"]
        costs["serving, memory, MB"] = resident(hub.pid)
    return costs


def wait_for_index(data: Path) -> None:
    """Waits until the hub has indexed all models. Before, its searches answer after 10 s without the rest."""
    deadline = time.monotonic() + 3600
    while not any(data.rglob("position.json")):
        assert time.monotonic() < deadline, "The search index is not complete after an hour."
        time.sleep(0.1)


def words(handle: str) -> str:
    """The words of a handle, as a question.

    >>> words("acme/bert-base_3/text")
    'bert+base+text'
    """
    name = handle.partition("/")[2].replace("_", " ").replace("-", " ").replace("/", " ")
    return "+".join(word for word in name.split() if not word.isdigit())


def resident(pid: int) -> float:
    """MB of a process and its children, without files that are mapped."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            if pid in {int(lines["Pid"]), int(lines["PPid"])}:
                total += int(lines.get("RssAnon", "0 kB").split()[0])
    return total / 1000


def prepare_cache(modules: int, folder: Path) -> None:
    """Modules, the first half of which was last used a year ago."""
    from tensorflow_hub.resolving.cache.layout import Cache
    from tensorflow_hub.resolving.cache.manifest import Manifest, list_files, now, write_manifest

    cache = Cache(str(folder / "cache"))
    for number in range(modules):
        handle = f"https://hub.example/acme/model{number}/1"
        path = Path(cache.module_path(handle))
        for name in ("saved_model.pb", "variables/variables.index", "assets/a.txt", "assets/b.txt"):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(bytes(100))
        write_manifest(
            cache.manifest_path(handle), Manifest(handle, "", None, None, now(), list_files(str(path)))
        )
        if number % 2:
            os.utime(cache.manifest_path(handle), (0, 0))


def measure_cache(modules: int, folder: Path) -> Costs:
    from tensorflow_hub.resolving.cache.inventory import (
        abandoned_paths,
        entries_to_prune,
        list_cache,
        remove_unused,
    )
    from tensorflow_hub.resolving.cache.layout import Cache

    costs: Costs = {}
    cache = Cache(str(folder / "cache"))
    repeats = max(1, 1000 // modules)
    with counted(costs, "list, s", times=repeats):
        for _ in range(repeats):
            entries = list_cache(cache)
    handles = [f"https://hub.example/acme/model{2 * number % modules // 2 * 2}/1" for number in range(1000)]
    with counted(costs, "hit, ms", times=1000, unit=0.001):
        assert all(cache.find(handle) for handle in handles)
    with counted(costs, "prune half, s"):
        abandoned_paths(cache)
        for entry in entries_to_prune(list_cache(cache), older_than=30 * 86400.0, max_size=None):
            remove_unused(cache, entry)
    assert len(entries) == modules
    assert len(list_cache(cache)) == modules - modules // 2
    return costs


def prepare_archive(files: int, folder: Path) -> None:
    """A module of so many files, directories counted, and an archive of it."""
    from hub_content import module

    place = folder / "module"
    shutil.copytree(module(), place)
    (place / "assets").mkdir()
    for number in range(files - sum(1 for _ in place.rglob("*"))):
        (place / "assets" / f"{number}.txt").write_text(f"{number} " * 20)
    with tarfile.open(folder / "module.tar.gz", "w:gz", compresslevel=1) as archive:
        archive.add(place, ".")


def measure_archive(files: int, folder: Path) -> Costs:
    from hub_content import card
    from hub_process import HubProcess
    from pages import processor_seconds

    import tensorflow_hub as hub

    os.environ["TFHUB_CACHE_DIR"] = str(folder / "cache")
    costs: Costs = {}
    _ = hub.resolve, hub.publish  # what is measured is not importing
    with counted(costs, "unpack, s"):
        path = hub.resolve(folder / "module.tar.gz")
    assert sum(1 for _ in Path(path).rglob("*")) >= min(files, 8)
    with counted(costs, "hit, s"):
        hub.resolve(folder / "module.tar.gz")
    costs["memory, MB"] = peak_memory() / 1e6
    with HubProcess(folder / "data") as serving:
        before = processor_seconds(serving.pid)
        with counted(costs, "publish, s"):
            text = card("bench/files/1")
            published = hub.publish(folder / "module", card=text, hub=serving.url, token=serving.token)
        costs["hub, s"] = processor_seconds(serving.pid) - before
        with counted(costs, "resolve, s"):
            hub.resolve(published.url)
    return costs


@dataclasses.dataclass(frozen=True)
class Subject:
    """Something whose cost grows with an amount of work.

    Attributes:
      title: what grows.
      amount: what it is measured by.
      sizes: the amounts.
      prepare: makes in a folder what is worked on.
      measure: works on it in a process of its own, and says what it costs.
      in_memory: whether the files are in memory, so that the cost is that of this package.
    """

    title: str
    amount: str
    sizes: Sequence[int]
    prepare: Callable[[int, Path], None]
    measure: Callable[[int, Path], Costs]
    in_memory: bool = False


SUBJECTS: Mapping[str, Subject] = {
    "apply": Subject("Apply", "rows", (10_000, 100_000, 1_000_000, 10_000_000), prepare_apply, measure_apply),
    "hub": Subject("A hub", "models", (2_000, 20_000, 200_000, 1_000_000), prepare_hub, measure_hub),
    "cache": Subject("A cache", "modules", (10, 100, 1_000, 10_000), prepare_cache, measure_cache),
    "archive": Subject(
        "An archive",
        "files",
        (10, 100, 1_000, 10_000, 50_000),
        prepare_archive,
        measure_archive,
        in_memory=True,
    ),
}


def run(name: str, sizes: Sequence[int], pictures: Path) -> None:
    """Measures a subject at each size, prints the table as it grows, and draws the plot."""
    subject, found = SUBJECTS[name], []
    place = folder_in_memory() if subject.in_memory else None
    print(f"### {subject.title}\n")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="tfhub-growth-", dir=place) as folder:
            step("prepare", name, size, folder)
            costs = json.loads(step("measure", name, size, folder).splitlines()[-1])
        if not found:
            print(f"| {subject.amount} | {' | '.join(costs)} |\n|---:|{'---:|' * len(costs)}")
        print(f"| {size:,} | {' | '.join(shown(cost) for cost in costs.values())} |", flush=True)
        found.append((size, costs))
    (before, old), (last, new) = found[-2:]
    times = [f"{new[cost] / max(old[cost], 1e-9):.1f}" for cost in new]
    print(f"| × for {last / before:g} × | {' | '.join(times)} |\n")
    lines = {cost: [(size, max(costs[cost], 1e-6)) for size, costs in found] for cost in found[0][1]}
    path = pictures / f"growth-{name}.svg"
    plot(path, f"{subject.title}: cost by {subject.amount}", subject.amount, lines)
    print(f"![{subject.title}: cost by {subject.amount}](pictures/{path.name})\n", flush=True)


def folder_in_memory() -> Path | None:
    """The folder of Linux whose files are in memory, if it has room; else None."""
    folder = Path("/dev/shm")
    has_room = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 4 << 30
    return folder if has_room else None


def step(kind: str, name: str, size: int, folder: str) -> str:
    """Runs a step of a measurement in a process of its own; what it prints."""
    command = [sys.executable, __file__, "--step", kind, name, str(size), folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} with {size:,}: the step {kind!r} failed.")
    return done.stdout


def shown(cost: float) -> str:
    """With about three digits.

    >>> shown(1234.5), shown(12.34), shown(0.01234)
    ('1,234', '12.3', '0.0123')
    """
    return f"{cost:,.0f}" if cost >= 100 else f"{cost:.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(SUBJECTS), help="subjects, with commas between")
    parser.add_argument("--most", type=int, help="the largest size; by default all, of a hub 200,000")
    parser.add_argument("--quick", action="store_true", help="two small sizes of each, in minutes")
    parser.add_argument("--step", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        kind, name, size, folder = arguments.step
        costs = getattr(SUBJECTS[name], kind)(int(size), Path(folder))
        print(json.dumps(costs))
        return
    with tempfile.TemporaryDirectory() as temporary:
        pictures = Path(temporary) if arguments.quick else ROOT / "docs" / "pictures"
        for name in arguments.only.split(","):
            most = arguments.most or (200_000 if name == "hub" else 10**9)
            sizes = [size for size in SUBJECTS[name].sizes if size <= most]
            if len(sizes) < 2:
                parser.error(f"--most {most} leaves fewer than two of the sizes {SUBJECTS[name].sizes}.")
            run(name, sizes[:2] if arguments.quick else sizes, pictures)


if __name__ == "__main__":
    main()
