"""Downloading a large module: ours, the official client, and curl into tar, from our hub on loopback.

    python benchmarks/download.py [--size b7|100] [--runs 5] [--peer PYTHON] [--keep DIR]

The module is a Keras export of EfficientNetB7 (`--size b7`, needs TensorFlow) or that many megabytes of
random weights. Each line is the median of the runs; the ways take turns in each run:

- cold: an empty cache; the link is loopback. Archives of our hub hold what does not shrink as it is, which
  makes every client fast;
- cold, plain tar.gz: with what `tar -cz` makes of the module, as it used to be, from a plain web server;
- shaped: the same through a link of 40 ms latency (there and back) and 20 MB/s per connection;
- changed: version 2, in which one variable changed, with version 1 in the cache: bytes over the link;
- warm: a fresh process that resolves a cached handle, from start to end;
- memory: the peak of a process that downloads, less that of a bare interpreter;
- disk: writing the same files from memory, with fsync.

The official client runs in an environment of its own: `--peer`, else `$TFHUB_PEERS/hub016/bin/python`, else
one that is made under `.cache/peers`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from _peers import peer_python

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
CARD = "# Module acme/large/{version}\nA large module, to measure downloads.\n"

RESOLVE = """
import re, sys, time
started = time.perf_counter()
import tensorflow_hub as hub
imported = time.perf_counter()
hub.resolve(sys.argv[1])
took = time.perf_counter() - imported
print(took, int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) / 1000)
"""
# Not getrusage: its peak counts the parent's memory up to the exec.
BARE = 'import re; print(0, int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) / 1000)'
EXPORT = """
import sys, keras
model = keras.applications.EfficientNetB7(weights=None)
model.export(sys.argv[1], verbose=False)
layer = model.get_layer("block5a_expand_conv")
layer.set_weights([weight + 1 for weight in layer.get_weights()])
model.export(sys.argv[2], verbose=False)
print(sum(weight.nbytes for weight in layer.get_weights()))
"""


NOTE = """
An archive of our hub has weights without compression, because compression would hardly reduce them. So
every client unpacks it fast, also the official one. The plain tar.gz is what publishers made before, and
the goal for a cold cache refers to it. Its limit is inflating, which has to go from the first byte to
the last. The times of the whole process include the import of TensorFlow, which the official client
needs.
"""


class Link:
    """A TCP link to a port of this machine: counts bytes, and may be slow.

    Args:
      port: where it leads.
      latency: seconds there and back.
      rate: bytes per second of each connection, 0 for any.
    """

    def __init__(self, port: int, *, latency: float = 0.0, rate: float = 0.0) -> None:
        self.bytes = 0
        self._port, self._delay, self._rate = port, latency / 2, rate
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connect, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        self._loop.run_forever()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(
            self._pass(reader, there_writer, count=False), self._pass(there_reader, writer, count=True)
        )

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, count: bool) -> None:
        """Hands bytes on, each piece after the delay and not faster than the rate."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

        async def deliver() -> None:
            free = 0.0
            while True:
                due, piece = await pieces.get()
                free = max(free, due) + (len(piece) / self._rate if self._rate else 0.0)
                if free > self._loop.time():
                    await asyncio.sleep(free - self._loop.time())
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()

        sender = asyncio.ensure_future(deliver())
        with contextlib.suppress(OSError):
            while piece := await reader.read(1 << 16):
                self.bytes += len(piece) if count else 0
                await pieces.put((self._loop.time() + self._delay, piece))
        await pieces.put((0.0, b""))
        with contextlib.suppress(OSError):
            await sender
        writer.close()


@contextlib.contextmanager
def running_hub(data: Path) -> Iterator[tuple[int, str]]:
    """A hub of ours; gives its port and the administrator's token."""
    command = [sys.executable, "-m", "tensorflow_hub", "serve", "--data", str(data), "--port", "0"]
    log = (data.parent / "hub.log").open("w")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=ours())
    try:
        port, token, text = 0, "", ""
        while not (port and token):
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"The hub does not start: {text}")
            text += line
            port = int(match[1]) if (match := re.search(r"http://127\.0\.0\.1:(\d+)", text)) else 0
            token = match[1] if (match := re.search(r"token (\S+)", text)) else ""
        yield port, token
    finally:
        process.terminate()
        process.wait()


def ours(**more: str) -> dict[str, str]:
    # Installed packages are compiled; from the source tree they are too, after the first process.
    dropped = ("TFHUB_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "PYTHONPATH": str(SOURCE), "TF_CPP_MIN_LOG_LEVEL": "3", **more}


def theirs(**more: str) -> dict[str, str]:
    return {**{name: value for name, value in ours(**more).items() if name != "PYTHONPATH"}}


def make_modules(size: str, folder: Path) -> tuple[Path, Path, int]:
    """Two versions of a module; gives them and the bytes of the variable in which they differ."""
    one, two = folder / "one", folder / "two"
    if size == "b7":
        code = [sys.executable, "-c", EXPORT, str(one), str(two)]
        done = subprocess.run(
            code, env=ours(CUDA_VISIBLE_DEVICES=""), capture_output=True, text=True, check=True
        )
        return one, two, int(done.stdout.splitlines()[-1])
    shutil.copytree(ROOT / "tests" / "data" / "tf1_modules" / "01_linear_scalar" / "module", one)
    random = np.random.default_rng(0)
    with (one / "assets.bin").open("wb") as file:
        for _ in range(int(size)):
            file.write((random.standard_normal(250_000) * 0.05).astype(np.float32).tobytes())
    shutil.copytree(one, two)
    with (two / "assets.bin").open("r+b") as file:
        file.seek(1_000_000)
        file.write(bytes(1_000_000))
    return one, two, 1_000_000


def publish(module: Path, version: int, port: int, token: str, folder: Path) -> None:
    card = folder / f"card{version}.md"
    card.write_text(CARD.format(version=version))
    command = [sys.executable, "-m", "tensorflow_hub", "publish", str(module), "--card", str(card)]
    environment = ours(TFHUB_URL=f"http://127.0.0.1:{port}", TFHUB_TOKEN=token)
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float, float]:
    """Seconds of the whole process, seconds that it says itself, its peak memory in MB."""
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    took = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    inner, memory = map(float, done.stdout.split()[-2:]) if done.stdout.strip() else (took, 0.0)
    return took, inner, memory


@contextlib.contextmanager
def plain_server(module: Path, folder: Path) -> Iterator[str]:
    """A web server that knows nothing of hubs, with the module as `tar -cz` packs it; gives its handle."""
    archive = folder / "plain" / "acme" / "large" / "1"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        partial = archive.with_name("partial")
        subprocess.run(["tar", "-czf", str(partial), "-C", str(module), "."], check=True)
        partial.rename(archive)
    code = "import http.server, sys; http.server.test(http.server.SimpleHTTPRequestHandler, port=0)"
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code],
        cwd=folder / "plain",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        port = re.search(r"port (\d+)", process.stdout.readline())[1]
        yield f"http://127.0.0.1:{port}/acme/large/1"
    finally:
        process.terminate()
        process.wait()


class Bench:
    """The runs, and what they gave."""

    def __init__(self, folder: Path, peer: str) -> None:
        self.folder, self.peer = folder, peer
        self.figures: dict[str, list[float]] = {}

    def note(self, name: str, value: float) -> None:
        """Keeps a figure."""
        self.figures.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        """The median of a figure's runs."""
        return statistics.median(self.figures[name])

    def cache(self, *, empty: bool = True) -> str:
        """The cache directory of the run."""
        path = self.folder / "cache"
        if empty:
            shutil.rmtree(path, ignore_errors=True)
        return str(path)

    def download(self, what: str, url: str) -> None:
        """One cold download by each way, in turn."""
        took, inner, memory = timed([sys.executable, "-c", RESOLVE, url], ours(TFHUB_CACHE_DIR=self.cache()))
        self.note(f"{what} ours", inner)
        self.note(f"{what} ours, process", took)
        self.note("memory ours", memory)
        environment = theirs(TFHUB_CACHE_DIR=self.cache())
        took, inner, memory = timed([self.peer, "-c", RESOLVE, url], environment)
        self.note(f"{what} official", inner)
        self.note(f"{what} official, process", took)
        self.note("memory official", memory)
        target = self.cache()
        Path(target).mkdir()
        pipe = f"curl -sfL '{url}?tf-hub-format=compressed' | tar -xz -C '{target}'"
        took, _, _ = timed(["sh", "-c", pipe], theirs())
        self.note(f"{what} curl", took)

    def changed(self, link: Link, one: str, two: str) -> None:
        """Version 2 with version 1 in the cache."""
        environment = ours(TFHUB_CACHE_DIR=self.cache())
        timed([sys.executable, "-c", RESOLVE, one], environment)
        before = link.bytes
        _, inner, _ = timed([sys.executable, "-c", RESOLVE, two], environment)
        self.note("changed bytes", link.bytes - before)
        self.note("changed ours", inner)

    def warm(self, url: str) -> None:
        """A cached handle in a fresh process."""
        for name, python, environment in (
            ("ours", sys.executable, ours(TFHUB_CACHE_DIR=self.cache(empty=False))),
            ("official", self.peer, theirs(TFHUB_CACHE_DIR=self.cache(empty=False))),
        ):
            self.note(f"warm {name}", timed([python, "-c", RESOLVE, url], environment)[0])
        self.note("memory bare", timed([sys.executable, "-c", BARE], ours())[2])

    def disk(self, module: Path) -> None:
        """Writing the same files."""
        contents = {
            path.relative_to(module): path.read_bytes() for path in module.rglob("*") if path.is_file()
        }
        target = self.folder / "disk"
        started = time.perf_counter()
        for path, content in contents.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            with (target / path).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        self.note("disk", time.perf_counter() - started)
        shutil.rmtree(target)


def report(bench: Bench, size: int, changed: int) -> None:
    median = bench.median

    def row(name: str, *cells: str) -> None:
        print("| " + " | ".join([name, *cells]) + " |")

    def seconds(name: str) -> str:
        return f"{median(name):.2f} s" if name in bench.figures else "—"

    print(f"A module of {size / 1e6:,.0f} MB; medians of {len(bench.figures['disk'])} runs.\n")
    row("", "ours", "tensorflow-hub 0.16.1", "curl into tar", "official / ours", "goal")
    print("|---|---:|---:|---:|---:|---|")
    for what in ("cold", "cold, plain tar.gz", "shaped"):
        ratio = f"{median(f'{what} official') / median(f'{what} ours'):.1f}"
        cells = [seconds(f"{what} {name}") for name in ("ours", "official", "curl")]
        row(f"{what}: `hub.resolve`", *cells, ratio, "" if "tar" in what else "≥ 4")
        cells = [seconds(f"{what} ours, process"), seconds(f"{what} official, process"), "—"]
        ratio = f"{median(f'{what} official, process') / median(f'{what} ours, process'):.1f}"
        row(f"{what}: the whole process", *cells, ratio, "" if "tar" in what else "≥ 4")
    against_plain = median("cold, plain tar.gz official") / median("cold ours")
    row("cold from our hub: official from the plain tar.gz / ours", "", "", "", f"{against_plain:.1f}", "≥ 4")
    row("warm: the whole process", seconds("warm ours"), seconds("warm official"), "—",
        f"{median('warm official') / median('warm ours'):.1f}", "≥ 10")  # fmt: skip
    memory = [f"{median(f'memory {name}') - median('memory bare'):,.0f} MB" for name in ("ours", "official")]
    row("peak memory over the interpreter", *memory, "—", "", "< 200 MB")
    row("writing the files, with fsync", seconds("disk"), "", "", "", "")
    row("cold / writing the files", f"{median('cold ours') / median('disk'):.2f}", "", "", "", "≤ 1.5")
    fetched = median("changed bytes")
    row("one variable changed", f"{fetched / 1e6:,.2f} MB in {seconds('changed ours')}", "", "", "", "")
    over = f"{(fetched - changed) / size:.1%} of the module"
    row(f"over the {changed / 1e6:,.2f} MB that changed", over, "", "", "", "≤ 5 %")
    print(NOTE)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="b7", help="b7, or megabytes")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer", help="an interpreter with the official client")
    parser.add_argument(
        "--keep",
        type=Path,
        default=os.environ.get("TFHUB_BENCH_KEEP"),
        help="where to work (default $TFHUB_BENCH_KEEP); keeps the modules for the next time",
    )
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "changed").exists():
            changed = make_modules(options.size, folder)[2]
            (folder / "changed").write_text(str(changed))
        one, two, changed = folder / "one", folder / "two", int((folder / "changed").read_text())
        bench = Bench(folder, peer_python("hub016", options.peer))
        shutil.rmtree(folder / "data", ignore_errors=True)
        port, token = stack.enter_context(running_hub(folder / "data"))
        for version, module in ((1, one), (2, two)):
            publish(module, version, port, token, folder)
        from_tar = stack.enter_context(plain_server(one, folder))
        plain, shaped = Link(port), Link(port, latency=0.04, rate=20e6)
        hub = f"http://127.0.0.1:{port}"
        for number in range(options.runs):
            print(f"run {number + 1} of {options.runs}", file=sys.stderr, flush=True)
            bench.disk(one)
            bench.download("cold", f"{hub}/acme/large/1")
            bench.download("cold, plain tar.gz", from_tar)
            bench.changed(plain, f"{plain.url}/acme/large/1", f"{plain.url}/acme/large/2")
            bench.warm(f"{plain.url}/acme/large/1")
            bench.download("shaped", f"{shaped.url}/acme/large/1")
        report(bench, sum(path.stat().st_size for path in one.rglob("*") if path.is_file()), changed)


if __name__ == "__main__":
    main()
