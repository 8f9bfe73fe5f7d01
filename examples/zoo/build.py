"""Builds the modules of the zoo and publishes them.

    python examples/zoo/build.py --list
    python examples/zoo/build.py --out zoo/ squeezenet nsfwjs          # some of them, built only
    python examples/zoo/build.py --out zoo/ --publish http://127.0.0.1:8500   # all of them, on a hub

A module is built once: a directory that is complete keeps its files, only its card is written anew. The
token for publishing comes from `tfhub login`, or from `TFHUB_TOKEN` for the hub in `TFHUB_URL`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import quiet  # noqa: E402
from assets import fetch  # noqa: E402
from progress import duration  # noqa: E402
from recipe import Recipe, card  # noqa: E402

# The quick ones first; those of the last line are trained here, for minutes each.
FAMILIES = (
    "efficientnet",
    "squeezenet",
    "nsfwjs",
    "word_vectors",
    "sentence_encoder_lite",
    "minilm",
    "character_words",
    "object_detection",
    "third_party",
    *("local_features", "bidirectional_lm", "progressive_gan", "architecture_search"),
)


def recipes(family: str) -> tuple[Recipe, ...]:
    """The recipes of a family: of the file of that name."""
    found: tuple[Recipe, ...] = importlib.import_module(family).RECIPES
    return found


def folder_of(recipe: Recipe, out: Path) -> Path:
    """Where a recipe's module is built."""
    return out / recipe.name.replace("/", "--")


def build(recipe: Recipe, out: Path) -> Path:
    """Makes `OUT/<name>/module`, `card.md` and `SHA256SUMS`, and returns that folder."""
    folder = folder_of(recipe, out)
    if (folder / "SHA256SUMS").exists():
        (folder / "card.md").write_text(card(recipe), encoding="utf-8")
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    packages = {p.name: fetch(p.name, p.version, p.sha256, kind=p.kind) for p in recipe.packages}  # type: ignore[arg-type]
    recipe.build(packages, folder / "module")
    (folder / "card.md").write_text(card(recipe), encoding="utf-8")
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted((folder / "module").rglob("*"))
        if path.is_file()
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    return folder


def main() -> None:
    """Builds what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="which to build; default all")
    parser.add_argument("--out", type=Path, default=Path("zoo"), help="where to build (default zoo/)")
    parser.add_argument("--publish", metavar="URL", help="the hub to publish them on")
    parser.add_argument("--list", action="store_true", help="only list the families and their modules")
    arguments = parser.parse_args()
    unknown = set(arguments.families) - set(FAMILIES)
    if unknown:
        parser.error(f"no family is called {', '.join(sorted(unknown))}; there are {', '.join(FAMILIES)}")
    families = arguments.families or FAMILIES
    quiet.import_tensorflow()
    wanted = [(family, recipe) for family in families for recipe in recipes(family)]
    if arguments.list:
        for family, recipe in wanted:
            print(f"{family:24} {recipe.name}")
        return
    from tensorflow_hub.errors import HubError

    try:
        build_all([recipe for _, recipe in wanted], arguments.out, arguments.publish)
    except HubError as error:
        raise SystemExit(f"error: {error}") from error


def build_all(wanted: list[Recipe], out: Path, hub_url: str | None) -> None:
    """Builds and publishes one after the other, and says how long the rest takes on two cores."""
    missing = [recipe for recipe in wanted if not (folder_of(recipe, out) / "SHA256SUMS").exists()]
    if missing:
        total = duration(60 * sum(recipe.minutes for recipe in missing))
        print(f"{len(missing)} of {len(wanted)} modules to build: about {total} on two cores.", flush=True)
    for number, recipe in enumerate(wanted, 1):
        start = time.monotonic()
        print(f"[{number}/{len(wanted)}] {recipe.name}", flush=True)
        folder = build(recipe, out)
        if recipe in missing:
            missing.remove(recipe)
            left = duration(60 * sum(recipe.minutes for recipe in missing))
            rest = f"; about {left} to go" if missing else ""
            print(f"  built in {duration(time.monotonic() - start)}{rest}", flush=True)
        if hub_url:
            _publish(recipe, folder, hub_url)


def _publish(recipe: Recipe, folder: Path, url: str) -> None:
    import tensorflow_hub as hub

    done = hub.publish(folder / "module", recipe.name, card=folder / "card.md", hub=url)
    print(f"  {done.url}", flush=True)


if __name__ == "__main__":
    main()
