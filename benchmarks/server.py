"""The hub: downloads against nginx, requests a second, publishing against `tar -cz` and `cp`, memory.

    python benchmarks/server.py [--megabytes 500] [--seconds 10] [--only publishing requests downloads]

Needs `wrk`; nginx is measured beside the hub where it is installed. Prints Markdown tables. Search has a
script of its own, benchmarks/search.py.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from hub_content import card, module  # noqa: E402
from hub_process import HubProcess  # noqa: E402

from tensorflow_hub.client.publishing import publish  # noqa: E402

RUNS = 5
PARTS = ("publishing", "requests", "downloads")


def big_module(folder: Path, megabytes: int) -> Path:
    """A module whose variables are float32 weights: what deflate hardly shrinks."""
    import numpy as np

    shutil.copytree(module(), folder)
    (folder / "assets").mkdir()
    random = np.random.default_rng(1)
    with open(folder / "assets" / "weights.bin", "wb") as file:
        file.writelines(
            random.normal(0, 0.05, 10 * 2**20 // 4).astype("<f4").tobytes() for _ in range(megabytes // 10)
        )
    return folder


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[str | None]:
    """Nginx serving a folder with two workers and sendfile; None where it is not installed."""
    program = shutil.which("nginx") or next(iter(map(str, Path("/usr/sbin").glob("nginx"))), None)
    if program is None:
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    work = Path(tempfile.mkdtemp(prefix="tfhub-nginx-", dir="/var/tmp"))
    config = work / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(
        f"{user} worker_processes 2; daemon off; pid {work}/pid; error_log {work}/error.log;"
        f"events {{}} http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;"
        f"server {{ listen 127.0.0.1:{port}; root {folder}; }} }}"
    )
    process = subprocess.Popen([program, "-c", str(config), "-p", str(work)], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(work, ignore_errors=True)


def wrk(
    url: str, seconds: int, connections: int = 16, headers: tuple[str, ...] = ()
) -> tuple[float, float, str]:
    """(requests per second, MB per second, 99 % latency) of one URL."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    text = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if failed := re.search(r"Non-2xx or 3xx responses: (\d+)", text):
        print(f"  {failed[0]} at {url}", file=sys.stderr)
    amount, unit = re.search(r"Transfer/sec:\s+([\d.]+)(\w+)", text).groups()
    factor = {"B": 1e-6, "KB": 1.024e-3, "MB": 1.048576, "GB": 1073.741824}[unit]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return rate, float(amount) * factor, re.search(r"^ +99% +(\S+)", text, re.MULTILINE)[1]


def fetch(url: str) -> float:
    """MB per second of one curl that follows redirects."""
    form = "%{size_download} %{time_total}"
    text = subprocess.run(
        ["curl", "-fsSL", "-o", "/dev/null", "-w", form, url], capture_output=True, text=True, check=True
    ).stdout
    size, seconds = map(float, text.split())
    return size / seconds / 1e6


def downloads(hub: HubProcess, archive: Path, handle: str, seconds: int) -> None:
    """In turn in each run: other work on the machine meets both alike."""
    print("\n### Downloads (MB/s; the same archive on loopback)\n")
    print("| | one curl | 4 at once | 8 MiB ranges, 4 at once |\n|---|---|---|---|")
    ranged = ("Range: bytes=8388608-16777215",)
    with nginx(archive.parent) as other:
        urls = {"hub": f"{hub.url}/{handle}?tf-hub-format=compressed"}
        if other:
            urls = {"nginx": f"{other}/{archive.name}", **urls}
        ways = [
            fetch,
            lambda url: wrk(url, seconds, connections=4)[1],
            lambda url: wrk(url, seconds, connections=4, headers=ranged)[1],
        ]
        rates = [{name: [] for name in urls} for _ in ways]
        for way, found in zip(ways, rates, strict=True):
            for _ in range(RUNS):
                for name, url in urls.items():
                    found[name].append(way(url))
    for name in urls:
        print(f"| {name} | " + " | ".join(f"{statistics.median(found[name]):,.0f}" for found in rates) + " |")
    if other:
        print("| hub / nginx | " + " | ".join(map(_shares, rates)) + " |")


def _shares(rates: dict[str, list[float]]) -> str:
    """The hub's share of nginx's rate: the median of the runs, the least and the most."""
    shares = [ours / theirs for ours, theirs in zip(rates["hub"], rates["nginx"], strict=True)]
    return f"{statistics.median(shares):.0%} ({min(shares):.0%} to {max(shares):.0%})"


def requests_a_second(hub: HubProcess, handle: str, seconds: int) -> None:
    print("\n### Requests a second (16 connections, 2 server processes)\n")
    print("| | requests/s | 99 % within |\n|---|---|---|")
    model = handle.rpartition("/")[0]
    accept = ("Accept: text/html",)
    for name, path, headers in (
        ("health", "/healthz", ()),
        ("a version, JSON", f"/api/v1/models/{handle}", ()),
        ("a model, JSON", f"/api/v1/models/{model}", ()),
        ("unversioned → newest (302)", f"/{model}?tf-hub-format=compressed", ()),
        (
            "the archive's index",
            f"/{handle}?tf-hub-format=compressed",
            ("Accept: application/vnd.tensorflow-hub.index+json",),
        ),
        ("a small archive", f"/{handle}?tf-hub-format=compressed", ()),
        ("a version's page", f"/{handle}", accept),
        ("the home page", "/", accept),
    ):
        rate, _, slowest = wrk(hub.url + path, seconds, headers=headers)
        print(f"| {name} | {rate:,.0f} | {slowest} |")


def publishing(hub: HubProcess, folder: Path, megabytes: int) -> None:
    print(f"\n### Publishing {megabytes} MB of float32 weights\n")
    work = Path(tempfile.mkdtemp(prefix="tfhub-bench-", dir=folder.parent))
    ours, theirs = [], []
    for run in range(RUNS):
        started = time.perf_counter()
        publish(folder, card=card(f"bench/publish/{run + 1}"), hub=hub.url, token=hub.token)
        ours.append(time.perf_counter() - started)
        # Another run has to be new content, or the hub would answer that it has it already.
        with open(folder / "assets" / "weights.bin", "r+b") as file:
            file.write(os.urandom(64))
        started = time.perf_counter()
        subprocess.run(["tar", "-czf", str(work / "m.tar.gz"), "-C", str(folder), "."], check=True)
        subprocess.run(["cp", str(work / "m.tar.gz"), str(work / "served.tar.gz")], check=True)
        theirs.append(time.perf_counter() - started)
    shutil.rmtree(work)
    a, b = statistics.median(ours), statistics.median(theirs)
    print("| | seconds |\n|---|---|")
    print(f"| `tar -cz`, then `cp` | {b:.1f} |")
    print(f"| `tfhub publish`: packed, sent, checked, indexed, durable | {a:.1f} |")
    print(f"| times faster | {b / a:.1f} |")


def memory(hub: HubProcess) -> int:
    """Resident bytes of all processes of the hub."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            text = status.read_text()
            pid, parent = int(status.parent.name), int(re.search(r"PPid:\s+(\d+)", text)[1])
            if hub.pid in {pid, parent} and (found := re.search(r"VmRSS:\s+(\d+)", text)):
                total += int(found[1]) * 1024
    return total


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    if {"requests", "downloads"} & {*options.only} and shutil.which("wrk") is None:
        raise SystemExit("Expected the program `wrk`. Install it, or use `--only publishing`.")
    place = Path(tempfile.mkdtemp(prefix="tfhub-bench-", dir="/var/tmp"))
    place.chmod(0o755)
    try:
        with HubProcess(place / "data", arguments=("--workers", "2")) as hub:
            publish(module(), card=card("bench/small/1"), hub=hub.url, token=hub.token)
            folder = big_module(place / "big", options.megabytes)
            if "publishing" in options.only:
                publishing(hub, folder, options.megabytes)
            else:
                publish(folder, card=card("bench/publish/1"), hub=hub.url, token=hub.token)
            before = memory(hub)
            if "requests" in options.only:
                requests_a_second(hub, "bench/small/1", options.seconds)
            if "downloads" in options.only:
                downloads(hub, *_large_archive(hub, place / "data"), options.seconds)
            after = memory(hub)
            print("\n### Memory of all its processes\n")
            print(f"{before / 1e6:,.0f} MB after publishing, {after / 1e6:,.0f} MB after all of the above.")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _large_archive(hub: HubProcess, data: Path) -> tuple[Path, str]:
    """The file of a large version, which nginx may read, and its handle."""
    archive = max((data / "store" / "archives").glob("*.tar.gz"), key=lambda path: path.stat().st_size)
    for parent in (data, data / "store"):
        parent.chmod(0o755)
    names = [f"bench/publish/{run + 1}" for run in range(RUNS)]
    return archive, next(name for name in names if archive.name.partition(".")[0] in _facts(hub, name))


def _facts(hub: HubProcess, handle: str) -> str:
    return subprocess.run(
        ["curl", "-fsS", f"{hub.url}/api/v1/models/{handle}"], capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    main()
