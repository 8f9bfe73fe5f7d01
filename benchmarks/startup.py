"""How long things take to start, in fresh processes: ours, and those of the official package.

    python benchmarks/startup.py [--peer PYTHON] [--runs 7]

`--peer` is the interpreter of an environment with the official `tensorflow-hub`; by default
`$TFHUB_PEERS/hub016/bin/python`, else one that is made under `.cache/peers`. Every line is the median of the
runs; the first, uncounted run fills the file system's cache.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _peers import peer_python

SOURCE = Path(__file__).resolve().parents[1] / "src"
URL = "http://127.0.0.1:9/acme/thing/1"  # nothing listens there: only the cache can answer
CASES = {
    "bare interpreter": "pass",
    "import tensorflow_hub": "import tensorflow_hub",
    "hub.resolve of a cached handle": f"import tensorflow_hub as hub; hub.resolve({URL!r})",
}
COMMANDS = {
    "tfhub --help": ["--help"],
    "tfhub search --help": ["search", "--help"],
    "tfhub publish --help": ["publish", "--help"],
}


def seconds(command: list[str], environment: dict[str, str], runs: int) -> float | None:
    """The median wall time of a command in seconds; None when it fails."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        times.append(time.perf_counter() - start)
        if done.returncode:
            return None
    return statistics.median(times[1:])


def environment(cache: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(SOURCE),
        "TFHUB_CACHE_DIR": str(cache),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def fill_cache(cache: Path) -> None:
    """Lays a small module where the handle's cache entry is: SHA-1 of the handle, as existing caches are."""
    import hashlib

    module = cache / hashlib.sha1(URL.encode()).hexdigest()
    module.mkdir(parents=True)
    (module / "saved_model.pb").write_bytes(b"\x08\x01")
    (module / "tfhub_module.pb").write_bytes(b"\x08\x03")


def measure(peer: str, runs: int) -> list[dict[str, object]]:
    """A row for each thing measured."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        fill_cache(Path(folder))
        ours = environment(Path(folder))
        theirs = {name: value for name, value in ours.items() if name != "PYTHONPATH"}
        for name, code in CASES.items():
            official = seconds([peer, "-c", code], theirs, runs)
            mine = seconds([sys.executable, "-c", code], ours, runs)
            rows.append({"what": name, "ours_s": mine, "official_s": official})
        for name, arguments in COMMANDS.items():
            command = [sys.executable, "-m", "tensorflow_hub", *arguments]
            rows.append({"what": name, "ours_s": seconds(command, ours, runs)})
    return rows


def show(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "–"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", help="interpreter of an environment with the official package")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = measure(peer_python("hub016", options.peer), options.runs)
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print("| fresh process | ours, s | official, s | ratio |\n|---|---|---|---|")
    for row in rows:
        ours, official = row["ours_s"], row.get("official_s")
        ratio = f"{official / ours:.0f}×" if isinstance(ours, float) and isinstance(official, float) else "–"
        print(f"| {row['what']} | {show(ours)} | {show(official)} | {ratio} |")


if __name__ == "__main__":
    main()
