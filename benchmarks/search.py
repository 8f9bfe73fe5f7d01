"""Search: milliseconds to answer a question, on the catalogue of tfhub.dev and on generated ones.

    python benchmarks/search.py                               20k to 1M generated models
    python benchmarks/search.py --databases postgresql        that one alone
    python benchmarks/search.py --catalogue docs              the 2,819 real entries too
    python benchmarks/search.py --folder /var/tmp/s --prepare makes the catalogues, asks nothing
    python benchmarks/search.py --folder /var/tmp/s           asks; makes only what is not there yet

Each question is answered as the API does it: find, count all facets, load a page of results from the
database, write JSON. One question follows the other in one process. The questions are like those of people
(a task, an architecture, a dataset, a language, a name). One in six has a typing error, one in ten has
filters, and one in twenty is for an interface. They are chosen at random, and all questions of a run are
different. Thirty others come before and are not measured. To make a million models and their index takes
some minutes for each database.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from tensorflow_hub.format.card.vocabulary import known_values
from tensorflow_hub.server.administration.documents_import import import_documents
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.migrate import migrate
from tensorflow_hub.server.catalogue.tables import cards, deployments, models, publishers, versions
from tensorflow_hub.server.endpoints.search import result_json
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
        self.limits: dict[int, list[float]] = {}
        syllables = [c + v for c in "bcdfghklmnprstvz" for v in "aeiou"]
        self.words = [
            "".join(self.random.choices(syllables, k=self.random.randint(2, 4))) for _ in range(30_000)
        ]

    def pick(self, values: list[str], count: int = 1) -> list[str]:
        """Values; the first ones often, as Zipf says."""
        limits = self.limits.get(len(values))
        if limits is None:
            limits = [1 - (rank + 1) ** -0.9 for rank in range(1, len(values))] + [1.0]
            self.limits[len(values)] = limits
        return self.random.choices(values, cum_weights=limits, k=count)

    def text(self, length: int) -> str:
        """Some words."""
        return " ".join(self.pick(self.words, length))

    def rows(self, number: int) -> tuple[dict, dict, dict, dict | None]:
        """The rows of a model, its version, card and, for one in four, its files."""
        values = (self.tasks, self.architectures, self.datasets, self.languages, self.words)
        task, architecture, dataset, language, word = (self.pick(these)[0] for these in values)
        publisher = int(self.random.paretovariate(0.8)) % PUBLISHERS + 1
        name = f"{word}_{architecture}_{number}/{task.partition('-')[2]}"
        model = {
            "id": number, "publisher_id": publisher, "name": name, "handle": f"publisher{publisher}/{name}",
            "kind": "module", "latest": 1, "downloads": int(self.random.paretovariate(0.7)) % 10**7,
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
                [("interface", f"string -> float32[{width}]"), ("q", self.pick(self.tasks)[0])]
            )
        parts = [
            self.pick(self.tasks)[0].replace("-", " "),
            self.pick(self.architectures)[0],
            self.pick(self.datasets)[0].replace("-", " "),
            known_values("language")[self.pick(self.languages)[0]].name,
            self.pick(self.words)[0],
        ]
        text = " ".join(self.random.sample(parts, self.random.choice([1, 1, 2, 2, 3])))
        if chance < 0.2:
            text = self.mistype(text)
        pairs = [("q", text)]
        if self.random.random() < 0.1:
            pairs.append(("task", self.pick(self.tasks)[0]))
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
    """Asks the questions, then publishes one more model; milliseconds and megabytes."""
    follower = SearchFollower(database, folder)
    follower.build()
    for question in distinct_questions(30, seed=1_000_000):
        ask(database, follower, question)
    before = resident_memory()
    taken = sorted(ask(database, follower, question) for question in questions)
    grown = resident_memory() - before
    with database.reading() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(models)).scalar_one()
    started = time.perf_counter()
    with database.writing() as connection:
        record_changes(connection, [1])
    with database.reading() as connection:
        follower.refresh(connection)
    return {
        "models": count,
        "median": statistics.median(taken),
        "p90": taken[int(len(taken) * 0.90)],
        "p99": taken[int(len(taken) * 0.99)],
        "slowest": taken[-1],
        "change": (time.perf_counter() - started) * 1000,
        "disk": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6,
        "grown": grown,
    }


def ask(database: Database, follower: SearchFollower, question: SearchRequest) -> float:
    """Answers a question; how many milliseconds it took."""
    started = time.perf_counter()
    with database.reading() as connection:
        answer = search(follower.refresh(connection), question)
        json.dumps([result_json(document, "") for document in load_documents(connection, answer.ids)])
    return (time.perf_counter() - started) * 1000


def distinct_questions(count: int, seed: int) -> list[SearchRequest]:
    """Questions in the words of the generated models, no two alike."""
    generator = Generator()
    generator.random.seed(seed)
    found: dict[str, SearchRequest] = {}
    while len(found) < count:
        question = generator.question()
        found[question.to_url()] = question
    return list(found.values())


def resident_memory() -> float:
    """Megabytes of this process, without the files of the index that are mapped into it."""
    found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1e3 if found else math.nan


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL server of its own in `folder`; the beginning of the URLs of its databases."""
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
    if programs is None:
        raise SystemExit("PostgreSQL is not installed; use --databases sqlite.")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def call(program: str, *options: str) -> None:
        subprocess.run(
            [*as_user, str(programs / program), "-D", str(folder / "db"), *options],
            check=True,
            stdout=subprocess.DEVNULL,
        )

    if not folder.exists():
        folder.mkdir(parents=True)
        if as_user:
            shutil.chown(folder, "postgres")
        call("initdb", "-U", "hub", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses='' -k {folder} -c shared_buffers=512MB -c max_wal_size=4GB"
    call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://hub@/%s?host={folder}"
    finally:
        call("pg_ctl", "-w", "-m", "fast", "stop")


def prepared(url: str, place: Path, size: int, documents: Path | None) -> Database:
    """A catalogue of that size (0: the real one) with its index below `place`; made where it is not there."""
    done = place / "done"
    if url and not done.exists():
        maintenance = Database(database_url(url % "postgres", place))
        with maintenance.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS models_{size}"))
            connection.execute(sa.text(f"CREATE DATABASE models_{size}"))
        maintenance.close()
    if not done.exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
    database = Database(database_url(url % f"models_{size}" if url else "", place))
    if done.exists():
        return database
    started = time.process_time()
    migrate(database)
    if size:
        fill(database, size)
    else:
        import_documents(database, documents)
    filled = time.process_time()
    SearchFollower(database, place / "search").build()
    done.write_text(json.dumps({"fill": filled - started, "build": time.process_time() - filled}))
    return database


TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
GOALS = "the goals are a p99 below 50 ms at 200,000 models, and below 100 ms at a million"
COLUMNS = {
    "models": "models",
    "median": "median ms",
    "p90": "p90 ms",
    "p99": "p99 ms",
    "slowest": "slowest ms",
    "change": "after a change ms",
    "build": "index made in CPU s",
    "disk": "index MB",
    "grown": "memory grew MB",
}


def show(name: str, figures: dict[str, float]) -> None:
    """A line of the table."""
    cells = [
        f"{figures[key]:,.0f}" if key in {"models", "disk"} else f"{figures[key]:,.1f}" for key in COLUMNS
    ]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def run(name: str, url: str, folder: Path, arguments: argparse.Namespace) -> None:
    """All sizes on one kind of database."""
    questions = distinct_questions(arguments.questions, seed=2)
    sizes = [int(size) for size in arguments.sizes.split(",") if size]
    for size in sizes if arguments.catalogue is None else [0, *sizes]:
        place = folder / f"{name}-{size}"
        database = prepared(url, place, size, arguments.catalogue)
        if not arguments.prepare:
            figures = measure(database, place / "search", questions)
            show(name if size else f"{name}, real", figures | json.loads((place / "done").read_text()))
        database.close()
        if arguments.folder is None:
            shutil.rmtree(place)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="20000,200000,1000000")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--catalogue", type=Path, help="documentation files of tfhub.dev, unpacked")
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    parser.add_argument("--folder", type=Path, help="keep the catalogues here for the next run")
    parser.add_argument("--prepare", action="store_true", help="only make the catalogues")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        for name in arguments.databases.split(","):
            url = stack.enter_context(postgresql(folder / "server")) if name == "postgresql" else ""
            if not arguments.prepare:
                print(f"### {TITLES[name]}\n\n{arguments.questions} questions to each; {GOALS}.\n")
                print(f"| catalogue | {' | '.join(COLUMNS.values())} |\n|---|{'---:|' * len(COLUMNS)}")
            run(name, url, folder, arguments)
            print()


if __name__ == "__main__":
    main()
