"""Files that two cached versions have in common are stored once, where the file system can."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from archived_modules import contents

import tensorflow_hub as hub_library

VARIABLES = "variables/variables.data-00000-of-00001"


@pytest.fixture
def xfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache on a file system of its own that has reflinks."""
    if not (shutil.which("mkfs.xfs") and shutil.which("filefrag")):
        pytest.skip("mkfs.xfs and filefrag are not installed")
    image, disk = tmp_path / "disk.img", tmp_path / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(512 << 20)
    subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", str(image)], check=True)
    mounted = subprocess.run(["mount", "-o", "loop", str(image), str(disk)], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("a file system cannot be mounted here")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(disk / "cache"))
    yield disk / "cache"
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def two_versions(hub, module) -> tuple[Path, Path]:
    """Resolves two versions that differ in one small file."""
    first = hub_library.resolve(hub.publish("acme/text/1", module))
    (module / "assets" / "wörter.txt").write_text("vielleicht\n" * 20_000, encoding="utf-8")
    second = hub_library.resolve(hub.publish("acme/text/2", module))
    assert contents(second) == contents(module)
    return Path(first) / VARIABLES, Path(second) / VARIABLES


def test_by_hard_links_or_reflinks_or_else_copies(hub, module):
    one, two = two_versions(hub, module)
    assert one.read_bytes() == two.read_bytes()
    assert hub.requested_bytes() < 1.2 * one.stat().st_size


def test_by_reflinks(xfs, hub, module):
    one, two = two_versions(hub, module)
    assert not one.samefile(two)
    os.sync()
    blocks = [
        re.findall(
            r"^ *\d+: +\d+\.\. +\d+: +(\d+)\.\. +(\d+):.*shared",
            subprocess.run(["filefrag", "-v", path], check=True, capture_output=True, text=True).stdout,
            re.MULTILINE,
        )
        for path in (one, two)
    ]
    assert blocks[0]
    assert blocks[0] == blocks[1]
    with one.open("r+b") as file:  # whoever writes into one of them does not spoil the other
        file.write(b"changed")
    assert contents(two.parents[1]) == contents(module)
