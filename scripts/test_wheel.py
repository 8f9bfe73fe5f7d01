"""Installs a wheel into an empty environment as a user does, and takes the README's tour there.

python scripts/test_wheel.py [--python PYTHON] dist/tensorflow_hub-….whl
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TOUR = Path(__file__).with_name("tour.py")


def main() -> None:
    """Makes the environment, installs, checks what depends on the distribution's name, takes the tour."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable, help="the Python to make the environment with")
    parser.add_argument("wheel", type=Path)
    options = parser.parse_args()
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with tempfile.TemporaryDirectory() as folder:

        def run(*command: str) -> str:
            return subprocess.run(
                command, cwd=folder, env=clean, check=True, stdout=subprocess.PIPE, text=True
            ).stdout

        run(options.python, "-m", "venv", "environment")
        python = f"{folder}/environment/bin/python"
        wheel = f"{options.wheel.resolve()}[tensorflow,server]"
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
        run(python, "-m", "pip", "check")
        print(run(f"{folder}/environment/bin/tfhub", "--version"), end="")
        print(run(sys.executable, str(TOUR), "--python", python), end="")
    print("The tour of the README works from the wheel.")


if __name__ == "__main__":
    main()
