"""The pages of the hub on the catalogue of tfhub.dev: time to the first byte of each kind, processors, bytes.

    python benchmarks/pages.py --catalogue docs [--only search]

`--catalogue` is the folder of tfhub.dev's documentation files, or a tar of it; by default
TFHUB_TEST_CATALOGUE. A hub in a separate process serves it, and a model with files. No answer comes from a
cache of the hub: each request is for another model or question, or has another parameter.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import http.client
import os
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from catalogues import open_catalogue  # noqa: E402
from hub_content import card, module  # noqa: E402
from hub_process import HubProcess  # noqa: E402

from tensorflow_hub.client.publishing import publish  # noqa: E402
from tensorflow_hub.server.administration.documents_import import import_documents  # noqa: E402

REQUESTS = 40
WORDS = (
    *("bert", "mobilenet", "image classification", "text embedding", "object detection", "english", "elmo"),
    *(
        "imagenet",
        "style transfer",
        "efficientnet",
        "sentence encoder",
        "video",
        "speech",
        "wiki",
        "bert large",
    ),
    *("resnet 50", "inception", "segmentation", "super resolution", "plants", "tflite", "multilingual", "t5"),
    *(
        "faster rcnn",
        "pose",
        "gan",
        "i3d",
        "birds",
        "question answering",
        "vit",
        "albert",
        "electra",
        "depth",
    ),
    *("japanese", "retrieval", "tokenizer", "yamnet", "pitch", "bit", "landmarks"),
)


@contextlib.contextmanager
def documents(place: Path):
    """The folder of documentation files."""
    if place.is_dir():
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="tfhub-bench-") as folder, tarfile.open(place) as archive:
        archive.extractall(folder, filter="data")
        yield Path(folder)


def kinds_of_page(handles: Sequence[str], cards: Sequence[str]) -> dict[str, list[str]]:
    """Kind of page → URLs of it, each asked for once."""
    step = max(1, len(handles) // REQUESTS)
    spread = list(handles[::step])[:REQUESTS]
    publishers = list(dict.fromkeys(handle.partition("/")[0] for handle in handles))[:REQUESTS]
    numbers = range(REQUESTS)
    of_files = "/bench/words/1"
    return {
        "home": [f"/?n={number}" for number in numbers],
        "search, words": [f"/s?q={quote_plus(word)}" for word in WORDS],
        'search, "bert"': [f"/s?q=bert&page={number % 20 + 1}" for number in numbers],
        "search, everything": [f"/s?page={number + 1}" for number in numbers],
        "search, filters": [f"/s?q={quote_plus(word)}&domain=text" for word in WORDS],
        "search, nothing found": [f"/s?q=qqq{number}+{quote_plus(WORDS[number])}" for number in numbers],
        "model, documentation": [f"/{handle}?n=1" for handle in spread],
        "model, longest cards": [f"/{handle}?n=1" for handle in cards[:REQUESTS]],
        "model, files": [f"{of_files}?n={number}" for number in numbers],
        "collection": [f"/{handle}?n=1" for handle in handles if "/collection/" in handle][:REQUESTS],
        "publisher": [f"/{name}?n=1" for name in publishers],
        "files": [f"{of_files}?inside=files&n={number}" for number in numbers],
        "text": [f"{of_files}?inside=text&file=assets/tokens.txt&n={number}" for number in numbers],
        "graph": [f"{of_files}?inside=graph&n={number}" for number in numbers],
        "variables": [f"{of_files}?inside=variables&n={number}" for number in numbers],
        "changes": [f"/bench/words/2?inside=changes&n={number}" for number in numbers],
        "help": [f"/help?n={number}" for number in numbers],
        "help, API": [f"/help/api?n={number}" for number in numbers],
        "sign in": [f"/login?n={number}" for number in numbers],
        "nothing there": [f"/{handle}x" for handle in spread],
        "feed": [f"/{name}?feed=atom" for name in publishers],
    }


def processor_seconds(pid: int) -> float:
    """What a process and its children, which live, used of the processors."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if pid in {int(stat.parent.name), int(fields[1])}:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def first_byte(connection: http.client.HTTPConnection, path: str) -> tuple[float, int]:
    """Seconds until the answer begins, and its bytes on the wire."""
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    started = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    seconds = time.perf_counter() - started
    body = answer.read()
    if answer.status not in {200, 404}:
        raise RuntimeError(f"{path}: {answer.status} {gzip.decompress(body)[:500]!r}")
    return seconds, len(body)


def measure(hub: HubProcess, urls: Sequence[str]) -> dict[str, float]:
    """Of a kind of page: seconds to the first byte and of the processors, and the bytes of the largest."""
    address = urlsplit(hub.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    before = processor_seconds(hub.pid)
    found = [first_byte(connection, url) for url in urls]
    used = processor_seconds(hub.pid) - before
    connection.close()
    seconds = sorted(seconds for seconds, _ in found)
    return {
        "median": statistics.median(seconds),
        "p95": seconds[int(0.95 * (len(seconds) - 1))],
        "processor": used / len(urls),
        "bytes": max(size for _, size in found),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--catalogue", type=Path, default=os.environ.get("TFHUB_TEST_CATALOGUE"))
    parser.add_argument("--only", default="", help="kinds of page whose name contains this")
    options = parser.parse_args()
    if options.catalogue is None:
        print("Not measured: TFHUB_TEST_CATALOGUE names no documentation of tfhub.dev.")
        return
    with tempfile.TemporaryDirectory(prefix="tfhub-bench-") as place:
        data = Path(place) / "data"
        database = open_catalogue(data)
        with documents(Path(options.catalogue)) as folder:
            import_documents(database, folder)
        with database.reading() as connection:
            rows = connection.exec_driver_sql(
                "select m.handle || '/' || v.number from versions v join models m on m.id = v.model_id "
                "join cards c on c.version_id = v.id where v.number = m.latest order by length(c.text) desc"
            )
            cards = [row[0] for row in rows]
        database.close()
        with HubProcess(data) as hub:
            for version in (1, 2):
                text = card(f"bench/words/{version}")
                publish(module("05_text_embedding"), card=text, hub=hub.url, token=hub.token)
            measure(hub, ["/?n=first", "/s?q=first", "/help"])
            print("| page | first byte, median, ms | 95 % | processor, ms | bytes, gzip |")
            print("|---|---:|---:|---:|---:|")
            for name, urls in kinds_of_page(sorted(cards), cards).items():
                if options.only in name:
                    found = measure(hub, urls)
                    times = [found["median"], found["p95"], found["processor"]]
                    cells = [name, *(f"{1000 * seconds:.0f}" for seconds in times), f"{found['bytes']:,}"]
                    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
