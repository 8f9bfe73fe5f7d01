"""`benchmarks/growth.py` measures, prints tables and draws plots."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def plots():
    spec = importlib.util.spec_from_file_location("_plot", BENCHMARKS / "_plot.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("subject", "costs"),
    [("cache", ["list, s", "hit, ms", "prune half, s"]), ("archive", ["unpack, s", "publish, s"])],
)
def test_quick_sizes_give_a_table(subject, costs):
    command = [sys.executable, str(BENCHMARKS / "growth.py"), "--only", subject, "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    head, small, large, times = rows
    assert set(costs) <= set(head)
    assert (small[0], large[0], times[0]) == ("10", "100", "× for 10 ×")
    values = [float(cell.replace(",", "")) for row in (small, large, times) for cell in row[1:]]
    assert all(value > 0 for value in values)
    assert f"](pictures/growth-{subject}.svg)" in done.stdout


def test_a_plot_has_a_line_for_each_cost(plots, tmp_path):
    path = tmp_path / "plot.svg"
    costs = {"read <s>": [(10, 0.5), (100, 5.0), (1000, 60.0)], "hit, ms": [(10, 0.2), (1000, 0.1)]}
    plots.plot(path, "Cost of rows", "rows", costs)
    drawing = ET.parse(path).getroot()
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {"read <s>", "hit, ms", "rows", "10", "1,000", "0.1"} <= set(texts)
    paths = list(drawing.iter("{http://www.w3.org/2000/svg}path"))
    lines = [element.get("d") for element in paths if element.get("class") == "line"]
    assert len(lines) == 2
    # Cost in proportion to work starts where the lines do; the first cost grew a little more than that.
    same = next(element.get("d") for element in paths if element.get("class") == "same")
    ends = [re.findall(r"[\d.]+ [\d.]+", line) for line in (same, lines[0])]
    assert ends[0][0] == ends[1][0]
    assert float(ends[1][-1].split()[1]) < float(ends[0][-1].split()[1])
