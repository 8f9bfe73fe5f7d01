"""Search latency: the real catalogue of tfhub.dev, and generated ones up to a million models.

    python benchmarks/search.py                          1k to 1M generated, on SQLite and PostgreSQL
    python benchmarks/search.py --sizes 10000 --databases sqlite
    python benchmarks/search.py --catalogue assets/docs  the real one too

Each question is answered as the API does: find, count all facets, load a page of results from the database.
Questions are those of people (a task, an architecture, a dataset, a language, a name), one in six with a
typing error, one in ten with filters, one in twenty by typed interface; no question is asked twice.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from tensorflow_hub.format.vocabulary import known_values
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.migrate import migrate
from tensorflow_hub.server.catalogue.tables import cards, deployments, models, publishers, versions
from tensorflow_hub.server.documents_import import import_documents
from tensorflow_hub.server.endpoints.search import result_facts
from tensorflow_hub.server.search.engine import search
from tensorflow_hub.server.search.follow import SearchFollower
from tensorflow_hub.server.search.request import SearchRequest
from tensorflow_hub.server.web.model_lists import load_documents

QUESTIONS = 1000
PUBLISHERS = 500
AT_ONCE = 5000


class Generator:
    """Makes models whose words are distributed as in real cards: few common ones, many rare ones."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.tasks = list(known_values("task"))
        self.architectures = list(known_values("network-architecture"))
        self.datasets = list(known_values("dataset"))
        self.languages = list(known_values("language"))
        syllables = [c + v for c in "bcdfghklmnprstvz" for v in "aeiou"]
        self.words = [
            "".join(self.random.choices(syllables, k=self.random.randint(2, 4))) for _ in range(30_000)
        ]

    def pick(self, values: list[str]) -> str:
        """A value; the first ones often, as Zipf says."""
        return values[min(int(self.random.paretovariate(0.9)) - 1, len(values) - 1)]

    def text(self, length: int) -> str:
        """Some words."""
        return " ".join(self.pick(self.words) for _ in range(length))

    def rows(self, number: int) -> tuple[dict, dict, dict, dict | None]:
        """The rows of a model, its version, card and, for one in four, its files."""
        task, architecture, dataset = map(self.pick, (self.tasks, self.architectures, self.datasets))
        language = self.pick(self.languages)
        publisher = int(self.random.paretovariate(0.8)) % PUBLISHERS + 1
        name = f"{self.pick(self.words)}_{architecture}_{number}/{task.partition('-')[2]}"
        model = {
            "id": number, "publisher_id": publisher, "name": name, "handle": f"publisher{publisher}/{name}",
            "kind": "module", "newest": 1, "downloads": int(self.random.paretovariate(0.7)) % 10**7,
            "created_at": number, "updated_at": number,
        }  # fmt: skip
        version = {
            "id": number, "model_id": number, "number": 1, "state": "visible", "reason": "", "parent": None,
            "published_at": number, "published_by": "benchmark",
        }  # fmt: skip
        description = f"{task.replace('-', ' ')} with {architecture} trained on {dataset}: {self.text(8)}."
        card = {
            "version_id": number,
            "text": f"# Module {model['handle']}/1\n\n{description}\n\n## Overview\n\n{self.text(60)}\n",
            "description": description,
            "metadata": {
                "task": [task], "network-architecture": [architecture], "dataset": [dataset],
                "language": [language],
                "license": ["apache-2.0"], "fine-tunable": [self.random.choice(["true", "false"])],
                "format": [self.random.choice(["saved_model_2", "hub"])],
            },
            "updated_at": number,
        }  # fmt: skip
        return model, version, card, self.deployment(number) if number % 4 == 0 else None

    def deployment(self, number: int) -> dict:
        """The files of a version: a text embedding."""
        width = self.random.choice([20, 50, 128, 256, 512, 768, 1024, 1280])
        tensor = {"dtype": "string", "shape": [None], "kind": "dense"}
        vector = {"dtype": "float32", "shape": [None, width], "kind": "dense"}
        signature = {"name": "default", "inputs": {"inputs": tensor}, "outputs": {"default": vector}}
        description = {
            "kind": "saved_model_2",
            "variants": [{"tags": ["serve"], "signatures": [signature]}],
            "variables": {"count": 3, "parameters": 1000, "trainable": 1000},
            "custom_ops": [], "interfaces": ["text-embedding"],
        }  # fmt: skip
        size = int(self.random.lognormvariate(17, 2))
        return {
            "version_id": number, "kind": "saved_model", "archive_sha256": f"{number:064x}",
            "archive_size": size, "digest": f"sha256:{number:064x}", "unpacked_size": size, "file_count": 4,
            "description": description, "published_at": number,
        }  # fmt: skip

    def question(self) -> SearchRequest:
        """What somebody asks."""
        chance = self.random.random()
        if chance < 0.05:
            width = self.random.choice([20, 128, 512])
            return SearchRequest.parse(
                [("interface", f"string -> float32[{width}]"), ("q", self.pick(self.tasks))]
            )
        parts = [
            self.pick(self.tasks).replace("-", " "),
            self.pick(self.architectures),
            self.pick(self.datasets).replace("-", " "),
            known_values("language")[self.pick(self.languages)].name,
            self.pick(self.words),
        ]
        text = " ".join(self.random.sample(parts, self.random.choice([1, 1, 2, 2, 3])))
        if chance < 0.2:
            text = self.mistype(text)
        pairs = [("q", text)]
        if self.random.random() < 0.1:
            pairs.append(("task", self.pick(self.tasks)))
        return SearchRequest.parse(pairs)

    def mistype(self, text: str) -> str:
        """The text with two letters swapped."""
        at = self.random.randrange(max(1, len(text) - 1))
        return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]


def fill(database: Database, size: int) -> None:
    """Puts `size` generated models into an empty catalogue."""
    generator = Generator()
    with database.writing() as connection:
        names = [
            {"id": n, "name": f"publisher{n}", "name_key": f"publisher{n}", "created_at": 0}
            for n in range(1, PUBLISHERS + 1)
        ]
        connection.execute(sa.insert(publishers), names)
    for start in range(1, size + 1, AT_ONCE):
        made = [generator.rows(number) for number in range(start, min(size + 1, start + AT_ONCE))]
        with database.writing() as connection:
            for table, at in ((models, 0), (versions, 1), (cards, 2)):
                connection.execute(sa.insert(table), [rows[at] for rows in made])
            connection.execute(sa.insert(deployments), [rows[3] for rows in made if rows[3]])
    with database.writing() as connection:
        record_changes(connection, [size])
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))


def measure(database: Database, folder: Path, questions: list[SearchRequest]) -> dict[str, float]:
    """Builds the index, asks the questions, publishes one more; seconds and milliseconds."""
    started = time.perf_counter()
    follower = SearchFollower(database, folder)
    follower.build()
    built = time.perf_counter() - started
    with database.reading() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(models)).scalar_one()
    taken = []
    for question in questions:
        started = time.perf_counter()
        with database.reading() as connection:
            answer = search(follower.refresh(connection), question)
            json.dumps([result_facts(document, "") for document in load_documents(connection, answer.ids)])
        taken.append((time.perf_counter() - started) * 1000)
    taken = sorted(taken)
    started = time.perf_counter()
    with database.writing() as connection:
        record_changes(connection, [1])
    with database.reading() as connection:
        follower.refresh(connection)
    return {
        "models": count,
        "median_ms": statistics.median(taken),
        "p90_ms": taken[int(len(taken) * 0.90)],
        "p99_ms": taken[int(len(taken) * 0.99)],
        "max_ms": taken[-1],
        "change_ms": (time.perf_counter() - started) * 1000,
        "build_s": built,
        "index_mb": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL server of its own in `folder`; its URL."""
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
    if programs is None:
        raise SystemExit("PostgreSQL is not installed; use --databases sqlite.")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder.mkdir(parents=True)
    if as_user:
        shutil.chown(folder, "postgres")
    place = str(folder / "db")
    subprocess.run(
        [*as_user, str(programs / "initdb"), "-D", place, "-U", "hub", "-A", "trust", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    options = f"-c listen_addresses='' -k {folder} -c shared_buffers=512MB -c max_wal_size=4GB"
    control = [*as_user, str(programs / "pg_ctl"), "-D", place, "-w"]
    subprocess.run(
        [*control, "-l", str(folder / "log"), "-o", options, "start"], check=True, stdout=subprocess.DEVNULL
    )
    try:
        yield f"postgresql://hub@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL)


COLUMNS = (
    "models",
    "median_ms",
    "p90_ms",
    "p99_ms",
    "max_ms",
    "change_ms",
    "build_s",
    "index_mb",
    "memory_mb",
)


def show(name: str, figures: dict[str, float]) -> None:
    """A line of the table."""
    print(f"{name:15}" + "".join(f"{figures[column]:>12,.1f}" for column in COLUMNS), flush=True)


def run(name: str, url: str, folder: Path, sizes: list[int], arguments: argparse.Namespace) -> None:
    """All sizes on one kind of database."""
    asked = [Generator(seed=2 + number).question() for number in range(arguments.questions)]
    for size in sizes if arguments.catalogue is None else [0, *sizes]:
        place = folder / f"{name}-{size}"
        place.mkdir()
        database = Database(database_url(url, place))
        if url:
            with database.engine.begin() as connection:
                connection.execute(sa.text("DROP SCHEMA public CASCADE"))
                connection.execute(sa.text("CREATE SCHEMA public"))
        migrate(database)
        if size:
            fill(database, size)
        else:
            import_documents(database, arguments.catalogue)
        show(name if size else f"{name} real", measure(database, place / "search", asked))
        database.close()
        shutil.rmtree(place)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",") if size]
    print(f"{'database':15}" + "".join(f"{column:>12}" for column in COLUMNS))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        for name in arguments.databases.split(","):
            if name == "sqlite":
                run(name, "", folder, sizes, arguments)
            else:
                with postgresql(folder / "postgresql") as url:
                    run(name, url, folder, sizes, arguments)


if __name__ == "__main__":
    main()
