"""Takes the tour of the README: starts a hub as it says, and runs its Python, in an empty folder.

    python scripts/tour.py [--python INTERPRETER]

With another interpreter, for example that of an environment with the wheel installed, nothing of the
working tree is on its path.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def python_of_the_tour() -> str:
    """The Python block below the README's heading "A tour"."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(r"^## A tour\n.*?^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    assert match, "README.md has no Python block below '## A tour'"
    return match[1]


def take(python: str, environment: dict[str, str]) -> str:
    """Takes the tour with an interpreter; what its Python printed."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**environment, "TFHUB_CACHE_DIR": f"{folder}/cache", "TF_CPP_MIN_LOG_LEVEL": "3"}
        hub = subprocess.Popen(
            [python, "-m", "tensorflow_hub", "serve", "--port", "0", "--data", f"{folder}/hub"],
            stdout=subprocess.PIPE, text=True, cwd=folder, env=environment,
        )  # fmt: skip
        try:
            assert hub.stdout is not None
            said = dict(hub.stdout.readline().strip().split(" ", 1) for _ in range(2))
            environment |= {"TFHUB_URL": said["serving"], "TFHUB_TOKEN": said["token"]}
            done = subprocess.run(
                [python, "-c", python_of_the_tour()],
                cwd=folder, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
        finally:
            hub.terminate()
            hub.wait()
    if done.returncode:
        raise SystemExit(f"The README's tour failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Takes the tour and shows what it printed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable)
    python = parser.parse_args().python
    environment = dict(os.environ)
    if python != sys.executable:
        environment.pop("PYTHONPATH", None)
    print(take(python, environment), end="")


if __name__ == "__main__":
    main()
