"""Modules from Kaggle and Hugging Face: ours, kagglehub and huggingface_hub, from servers on loopback.

    python benchmarks/sources.py [--runs 3] [--clients ENVIRONMENT] [--folder /dev/shm]

The servers are those of our tests, which speak the protocols of the two services (`make test-clients` proves
it). All clients load the same modules, in turn in each run, each with an empty cache:

- one shard: 500 MB in 12 files, of which the variables have most, as TensorFlow saves them;
- even: 500 MB in 12 files of one size;
- small: 2,000 files of 20 kB, as vocabularies and tables are; Hugging Face keeps such files in Git.

Plain is loopback as it is. Shaped is a link of 40 ms there and back and 20 MB/s a connection. Seconds are
those of the import and the call, because some clients import most of their code in the call; processor time
and memory are those of the whole process; memory is its peak, less that of a bare interpreter. Modules and
caches are in memory where the system has a folder there (`--folder`): a disk makes all clients wait alike.
The bare loop shows how fast it can be at all: eight threads that each receive a file and write it, without
digests, checks, retries and a cache. The clients are those of `make test-clients`: `--clients`, else
`$TFHUB_PEERS/clients`, else `.venv-clients`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from google_crc32c import Checksum

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "src")]

MODULES = ("one shard", "even", "small")
LINKS = ("plain", "shaped")
KAGGLE, REPOSITORY = "acme/{}/tensorFlow2/words/1", "acme/{}"

NOTE = """
The goal is twice as fast as each client, with less memory. Plain is bound by the processor, which the
servers use too. {digests}. Google's storage gives MD5 and CRC-32C: kagglehub compares the first, ours the
second. Ours computes SHA-256 too, which the cache and lock files need; huggingface_hub computes no digest.
Where the files are even, all threads of each client have work, so only the time of the processor counts, and
the bare loop, which computes and checks nothing, shows how little of it can be saved.
"""

MEASURE = """
import os, re, resource, sys, time
started = time.perf_counter()
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) / 1000
def measure(call):
    call()
    took = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    print("\\n", took, used.ru_utime + used.ru_stime, peak())
"""
PROGRAMS = {
    "ours": "import tensorflow_hub as hub\nmeasure(lambda: hub.resolve(sys.argv[1]))",
    # Its address is no setting, only a name for each of some fixed ones.
    "kagglehub": """
import kagglesdk.kaggle_env as addresses
addresses._env_to_endpoint[addresses.KaggleEnv.LOCAL] = os.environ["KAGGLE_API_ENDPOINT"]
import kagglehub
measure(lambda: kagglehub.model_download(sys.argv[1]))
""",
    "huggingface_hub": """
import huggingface_hub
measure(lambda: huggingface_hub.snapshot_download(sys.argv[1]))
""",
    "bare loop": """
import concurrent.futures, json, os, urllib.request
base = f"{os.environ['KAGGLE_API_ENDPOINT']}/api/v1/models/{sys.argv[1]}"
def fetch(name):
    buffer = memoryview(bytearray(1 << 18))
    path = os.path.join(os.environ["HOME"], name.replace("/", "_"))
    with urllib.request.urlopen(f"{base}/download/{name}") as answer, open(path, "wb", buffering=0) as file:
        while count := answer.readinto(buffer):
            file.write(buffer[:count])
def fetch_all():
    with urllib.request.urlopen(f"{base}/files?page_size=25") as answer:
        names = [file["name"] for file in json.load(answer)["files"]]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        list(threads.map(fetch, names))
measure(fetch_all)
""",
    "bare": "measure(lambda: None)",
}


class Way(NamedTuple):
    """A client and the service that it asks."""

    client: str
    service: str

    def argument(self, module: str) -> str:
        """How the client is told the module."""
        slug = module.replace(" ", "-")
        if self.client == "ours":
            return f"kaggle://{KAGGLE.format(slug)}" if self.service == "Kaggle" else f"hf://acme/{slug}"
        return KAGGLE.format(slug) if self.service == "Kaggle" else REPOSITORY.format(slug)


WAYS = (
    Way("bare loop", "Kaggle"),
    Way("kagglehub", "Kaggle"),
    Way("ours", "Kaggle"),
    Way("huggingface_hub", "Hugging Face"),
    Way("ours", "Hugging Face"),
)


class Figures(NamedTuple):
    """Seconds of the call, seconds of the processor, peak memory in MB."""

    wall: float
    cpu: float
    memory: float


def make_modules(folder: Path, names: Sequence[str]) -> None:
    """Writes the modules of random bytes, which do not shrink."""
    dice = random.Random(0)
    sizes = {
        "one shard": [480_000_000, *[2_000_000] * 10],
        "even": [43_000_000] * 11,
        "small": [20_000] * 1999,
    }
    for module in names:
        files = sizes[module]
        root = folder / module.replace(" ", "-")
        (root / "variables").mkdir(parents=True)
        (root / "assets").mkdir()
        (root / "saved_model.pb").write_bytes(dice.randbytes(5_000 if module == "small" else 6_000_000))
        for number, size in enumerate(files):
            name = "variables/variables.data-00000-of-00001" if number == 0 else f"assets/{number:04}.bin"
            with (root / name).open("wb") as file:
                for at in range(0, size, 1 << 20):
                    file.write(dice.randbytes(min(1 << 20, size - at)))


def serve(folder: Path) -> None:
    """Serves the modules, plain and shaped, until the input ends; prints the addresses."""
    from hugging_face_server import HuggingFaceServer
    from kaggle_server import KaggleServer, files_of
    from loopback import Pace

    addresses = {}
    for link in LINKS:
        kaggle, hugging_face = KaggleServer(), HuggingFaceServer()
        hugging_face.lfs_from = 1_000_000
        for root in sorted(folder.iterdir()):
            bundle = folder.parent / f"{root.name}.tar.gz"
            if not bundle.exists():
                subprocess.run(["tar", "-czf", str(bundle), "-C", str(root), "."], check=True)
            kaggle.publish(KAGGLE.format(root.name), files_of(root), bundle=bundle)
            hugging_face.publish(REPOSITORY.format(root.name), files_of(root))
        if link == "shaped":
            for server in (
                kaggle.server,
                kaggle.storage.server,
                hugging_face.server,
                hugging_face.cdn.server,
            ):
                server.pace = Pace(latency=0.04, rate=20e6)
        addresses[link] = {"KAGGLE_API_ENDPOINT": kaggle.url, "HF_ENDPOINT": hugging_face.url}
    print(json.dumps(addresses), flush=True)
    sys.stdin.read()


class Bench:
    """The clients, where they are and where they download to."""

    def __init__(self, clients: Path, folder: Path) -> None:
        self._clients, self._folder = clients, folder

    def run(self, client: str, argument: str, addresses: dict[str, str]) -> Figures:
        """One download in a process of its own, with an empty cache."""
        home = self._folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TFHUB_CACHE_DIR": str(home / "tfhub"),
            "NO_PROXY": "127.0.0.1",
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            **addresses,
        }
        python = str(self._clients / "bin" / "python")
        if client in {"ours", "bare", "bare loop"}:
            python, environment["PYTHONPATH"] = sys.executable, str(ROOT / "src")
        command = [python, "-c", MEASURE + PROGRAMS[client], argument]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{client} {argument}: {done.stderr[-2000:]}")
        return Figures(*map(float, done.stdout.split()[-3:]))


def ways(module: str, link: str) -> Sequence[Way]:
    """Who loads a module: the bare loop only takes single files, and each over one connection."""
    fits = module != "small" and link == "plain"
    return [way for way in WAYS if fits or way.client != "bare loop"]


def clients_environment(given: str | None) -> Path:
    """Where the clients are installed."""
    peers = os.environ.get("TFHUB_PEERS")
    place = Path(given or (Path(peers) / "clients" if peers else ROOT / ".venv-clients"))
    if not (place / "bin" / "python").exists():
        raise SystemExit(
            f"Expected the clients in {place}: run `make test-clients`, or name them by --clients."
        )
    return place


def report(runs: dict[tuple[str, str, Way], list[Figures]], bare: Figures) -> None:
    """Prints the table of medians."""
    print("| Module | link | from | client | s | processor, s | memory, MB | client / ours |")
    print("|---|---|---|---|---:|---:|---:|---:|")
    medians = {
        key: Figures(*(statistics.median(column) for column in zip(*figures, strict=True)))
        for key, figures in runs.items()
    }
    for (module, link, way), found in medians.items():
        ratio = found.wall / medians[module, link, Way("ours", way.service)].wall
        cells = [module, link, way.service, way.client, f"{found.wall:.2f}", f"{found.cpu:.2f}"]
        cells += [f"{found.memory - bare.memory:.0f}", "" if way.client == "ours" else f"{ratio:.1f}"]
        print(f"| {' | '.join(cells)} |")
    print(NOTE.format(digests=digest_seconds()))


def digest_seconds() -> str:
    """Says how long the digests of 500 MB take."""
    block, blocks = bytes(1 << 20), 500
    took = []
    for name, make in (("MD5", hashlib.md5), ("SHA-256", hashlib.sha256), ("CRC-32C", Checksum)):
        started, digest = time.process_time(), make()
        for _ in range(blocks):
            digest.update(block)
        took.append(f"{time.process_time() - started:.2f} s for {name}")
    return f"The digests of 500 MB take {', '.join(took)}"


def main() -> None:
    """Makes the modules, serves them and runs the clients."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--clients")
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    parser.add_argument("--folder", default=memory, help="where the modules and caches are")
    parser.add_argument("--only", nargs="*", choices=MODULES, default=MODULES)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
        folder = Path(temporary)
        make_modules(folder / "modules", given.only)
        bench = Bench(clients_environment(given.clients), folder)
        command = [sys.executable, __file__, "--serve", str(folder / "modules")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            addresses = json.loads(server.stdout.readline())
            runs: dict[tuple[str, str, Way], list[Figures]] = {}
            for number in range(given.runs):
                for module in given.only:
                    for link in LINKS:
                        for way in ways(module, link):
                            note = f"{number + 1}: {module}, {link}, {way.client}"
                            print(note, file=sys.stderr, flush=True)
                            found = bench.run(way.client, way.argument(module), addresses[link])
                            runs.setdefault((module, link, way), []).append(found)
            bare = bench.run("bare", "", {})
            server.stdin.close()
    report(runs, bare)


if __name__ == "__main__":
    main()
