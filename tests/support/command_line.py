"""Runs `tfhub` for tests: in this process, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from tensorflow_hub.cli.main import main


def run(capsys: Any, *arguments: object) -> tuple[int, str, str]:
    """Runs the command in this process.

    Returns:
      Exit code, standard output, standard error.
    """
    code: Any = 0
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as ended:
        code = ended.code or 0
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def tfhub(*arguments: str, code: int = 0, text: str = "", **environment: str) -> str:
    """Runs the command in a process of its own, which has to end with an exit code.

    Returns:
      Standard output; standard error where the code is not 0.
    """
    result = subprocess.run(
        [sys.executable, "-m", "tensorflow_hub", *arguments],
        check=False,
        capture_output=True,
        text=True,
        input=text,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
    )
    assert result.returncode == code, result.stderr
    return result.stdout if code == 0 else result.stderr
