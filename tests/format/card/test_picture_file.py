from __future__ import annotations

import contextlib
import io
import struct
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import SECRET, animation, picture
from PIL import Image

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.card.picture_file import LARGEST_FILE, MOST_FRAMES, read_picture

FILES = {
    "png": picture(),
    "png palette": picture(mode="P"),
    "png transparent": picture(mode="RGBA"),
    "jpeg": picture("JPEG"),
    "jpeg progressive": picture("JPEG", progressive=True),
    "jpeg grey": picture("JPEG", "L"),
    "jpeg cmyk": picture("JPEG", "CMYK"),
    "gif": picture("GIF", "P"),
    "webp": picture("WEBP"),
    "webp lossless": picture("WEBP", lossless=True),
    "webp transparent": picture("WEBP", "RGBA"),
}


def pixels(data):
    return Image.open(io.BytesIO(data)).convert("RGBA").tobytes()


def png(width, height, *more):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("name", FILES)
def test_the_picture_stays_and_the_metadata_goes(name):
    data = FILES[name]
    found = read_picture(data)
    assert found.media_type == f"image/{name.split()[0]}"
    assert (found.width, found.height) == (60, 40)
    assert pixels(found.data) == pixels(data)
    assert SECRET not in found.data
    assert b"Exif" not in found.data
    assert not Image.open(io.BytesIO(found.data)).getexif()
    assert read_picture(found.data) == found


def test_an_animation_plays_on():
    image = Image.open(io.BytesIO(read_picture(animation()).data))
    assert (image.n_frames, image.info["loop"], image.info["duration"]) == (3, 0, 40)


def test_bytes_after_the_end_of_a_picture_are_removed():
    for data in FILES.values():
        assert b"<script>" not in read_picture(data + b"<script>alert(1)</script>").data


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "a file of another kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a file of another kind"),
        (b"<html><script>alert(1)</script>", "a file of another kind"),
        (b"\0" * (LARGEST_FILE + 1), f"one of {LARGEST_FILE + 1} bytes"),
        (png(60_000, 60_000), "one of 60000 by 60000 pixels"),
        (png(8_000, 8_000), "one of 8000 by 8000 pixels"),
        (png(0, 4), "a damaged or truncated file"),
        (FILES["png"].replace(b"IDAT", b"IDOT"), "a damaged or truncated file"),
        (animation("WEBP"), "an animation in WebP"),
        (animation("GIF", MOST_FRAMES + 2), "a damaged or truncated file"),
    ],
)
def test_other_files_are_refused(data, problem):
    with pytest.raises(FormatError, match=f"Expected a picture in PNG, JPEG, GIF or WebP, got .*{problem}"):
        read_picture(data)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_ends_early_is_refused(name):
    data = FILES[name]
    for length in range(12, len(data) - 12, 7):
        try:
            found = read_picture(data[:length])
        except FormatError:
            continue
        assert name.startswith("gif"), length  # only metadata at its end is absent
        assert pixels(found.data) == pixels(data)


@given(st.sampled_from(sorted(FILES)), st.integers(0, 3000), st.binary(min_size=1, max_size=8))
def test_a_damaged_file_is_a_picture_of_its_kind_or_refused(name, at, damage):
    data = bytearray(FILES[name])
    data[at % len(data) : at % len(data) + len(damage)] = damage
    try:
        found = read_picture(bytes(data))
    except FormatError as error:
        problem = error.problem
    else:
        assert read_picture(found.data) == found
        return
    assert "Expected a picture" in problem


@pytest.mark.parametrize(
    "head", [FILES["jpeg"][:2], FILES["gif"][:13], b"RIFF\xff\xff\x07\0WEBP", FILES["png"][:33]]
)
@pytest.mark.parametrize(
    "piece", [b"\xff", b"\0", b"\xff\xda\0\2", b"!\xf9\0", b"\0\0\0\0", b",", b"VP8 \0\0\0\0"]
)
def test_no_file_takes_long(head, piece):
    began = time.process_time()
    with contextlib.suppress(FormatError):
        read_picture((head + piece * LARGEST_FILE)[:LARGEST_FILE])
    assert time.process_time() - began < 5
