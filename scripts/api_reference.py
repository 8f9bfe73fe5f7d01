"""Writes the tables of endpoints in docs/api.md from the table of the hub's routes.

python scripts/api_reference.py          writes the page
python scripts/api_reference.py --check  fails if the page differs from the table
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tensorflow_hub.server.api_description import parameter_schemas, plain_path
from tensorflow_hub.server.core.endpoint import Endpoint, Stream
from tensorflow_hub.server.routes import (
    MAIL,
    PEOPLE_AND_RIGHTS,
    PREDICTING,
    PUBLISHING,
    READING,
    WEBHOOKS,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
TABLES = {
    "reading": READING,
    "running models": PREDICTING,
    "publishing": PUBLISHING,
    "people and rights": PEOPLE_AND_RIGHTS,
    "webhooks": WEBHOOKS,
    "mail": MAIL,
}


def render() -> str:
    """The text of the page, with its tables made anew."""
    text = PAGE.read_text(encoding="utf-8")
    for name, endpoints in TABLES.items():
        begin, end = f"<!-- endpoints: {name} -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        after = rest.partition(end)[2]
        text = f"{before}{begin}\n{_table(endpoints)}\n{end}{after}"
    return text


def _table(endpoints: Iterable[Endpoint]) -> str:
    rows = ["| Request | Does, or gives | Fields and parameters | Token, limits |", "|---|---|---|---|"]
    for endpoint in endpoints:
        path = re.sub(r"\{(\w+)\}", r"<\1>", plain_path(endpoint))
        rights = str(endpoint.rights) if endpoint.rights else "not needed"
        rights = "; at most ".join([rights, *map(str, endpoint.limits)])
        rows.append(
            f"| `{endpoint.method} {path}` | {endpoint.summary} | {', '.join(_fields(endpoint))} | {rights} |"
        )
    return "\n".join(rows) + "\n"


def _fields(endpoint: Endpoint) -> Iterator[str]:
    """The names of fields and parameters; in brackets those that may be left out."""
    for place, kind in endpoint.arguments.items():
        if kind is Stream:
            yield "bytes"
        elif place != "path":
            for name, _, needed in parameter_schemas(kind):
                yield f"`{name}`" if needed else f"[`{name}`]"


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(render(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != render():
        raise SystemExit("docs/api.md is not what the table of routes says: run `make api-reference`.")
