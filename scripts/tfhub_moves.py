"""Writes the tables of where the models of tfhub.dev are now, from lists with a line for each version.

    python scripts/tfhub_moves.py tfhub_to_kaggle.tsv tfhub_asset_paths.tsv

The first list has old name, name on Kaggle (`-`: deleted) and evidence; the second one name and URL of
archives that publishers named. What the tables hold, and by what rules they are shorter than the lists,
stands in `src/tensorflow_hub/services/tfhub_moves.py`. The script ends with an error when the table that
it wrote does not read as the list.
"""

from __future__ import annotations

import argparse
import collections
from pathlib import Path

from tensorflow_hub.handles import ModelName
from tensorflow_hub.services.kaggle import KaggleHandle
from tensorflow_hub.services.tfhub_moves import all_moves, variation_by_rule

PACKAGE = Path(__file__).parents[1] / "src" / "tensorflow_hub" / "services"
MOVES = (
    "# Where the models of tfhub.dev went; tfhub_moves.py says how to read it. By scripts/tfhub_moves.py.\n"
)
ARCHIVES = (
    "# Archives that publishers named in the documentation of their models. By scripts/tfhub_moves.py.\n"
)

Row = tuple[ModelName, KaggleHandle | None, str]


def read_list(path: Path) -> list[Row]:
    """The lines of the list of moves."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, place, evidence = line.split("\t")
            handle = None if place == "-" else KaggleHandle.parse(f"kaggle://{place}")
            rows.append((ModelName.parse(name), handle, evidence))
    return rows


def table_of(rows: list[Row]) -> str:
    """The table of moves."""
    sections: dict[str, dict[str, list[Row]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    for row in rows:
        model = f"{row[1].owner}/{row[1].model}" if row[1] else "-"
        sections[model][str(row[0].unversioned())].append(row)
    lines = []
    for model, names in sorted(sections.items()):
        lines.append(model)
        lines += [_line(found) for _, found in sorted(names.items())]
    return "\n".join(lines) + "\n"


def _line(rows: list[Row]) -> str:
    name, place, _ = rows[0]
    versions: dict[str, list[str]] = {"tensorFlow1": [], "tensorFlow2": []}
    for old, new, evidence in sorted(rows, key=lambda row: row[0]):
        versions[new.framework if new else "tensorFlow1"].append(f"{old.version}:{evidence}")
    columns = [str(name.unversioned()), *(" ".join(listed) for listed in versions.values())]
    if place and place.variation != variation_by_rule(name.model, place.model):
        columns.append(place.variation)
    return "\t".join(columns).rstrip("\t")


def web_address(url: str) -> str:
    """The address of an archive for programs without Google's tools."""
    return url.replace("gs://", "https://storage.googleapis.com/", 1)


def main() -> None:
    """Writes both tables and checks the first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("moves", type=Path)
    parser.add_argument("archives", type=Path)
    given = parser.parse_args()
    rows = read_list(given.moves)
    (PACKAGE / "tfhub_moves.tsv").write_text(MOVES + table_of(rows), encoding="utf-8")
    lines = [line for line in given.archives.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    archives = "".join(f"{web_address(line)}\n" for line in sorted(lines))
    (PACKAGE / "tfhub_archives.tsv").write_text(ARCHIVES + archives, encoding="utf-8")
    if {(move.name, move.kaggle, move.evidence.value) for move in all_moves()} != set(rows):
        raise SystemExit("The table that was written does not read as the list.")
    print(f"{len(rows)} versions, {len(lines)} archives.")


if __name__ == "__main__":
    main()
