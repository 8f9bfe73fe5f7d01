"""The checksums that Google's storage gives: which one is compared, and that both ways compute the same."""

import random

import pytest

from tensorflow_hub import errors
from tensorflow_hub.resolving.transfer import crc32c, crc32c_numpy
from tensorflow_hub.resolving.transfer.checksums import Checksums, promised_in

BOTH = {"x-goog-hash": "crc32c=4waSgw==,md5=JfnnlDI7RTiF9RgfG2JNCw=="}


def test_the_checksum_that_is_faster_here_is_compared():
    assert set(promised_in(BOTH)) == {"crc32c" if crc32c.IS_FAST else "md5"}


@pytest.mark.parametrize("size", [0, 1, 63, 128, 1 << 18, 300_001])
def test_both_ways_to_compute_a_crc32c_agree(size):
    pytest.importorskip("google_crc32c", reason="there are systems without a wheel of it")
    data = random.Random(size).randbytes(size)
    assert crc32c.crc32c(data, 5) == crc32c_numpy.crc32c(data, 5)


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize(
    ("promised", "right"),
    [
        ({"crc32c": "e3069283"}, True),
        ({"md5": "25f9e794323b453885f5181f1b624d0b"}, True),
        ({"crc32c": "e3069284"}, False),
        ({"md5": "25f9e794323b453885f5181f1b624d0c"}, False),
    ],
)
def test_what_came_is_compared_with_what_was_promised(promised, right, threads):
    checksums = Checksums(promised, 9, threads=threads)
    for piece in (b"1234", b"56789"):
        checksums.update(piece)
    if right:
        assert checksums.verify("a file").startswith("15e2b0d3c338")  # SHA-256 of 123456789
    else:
        with pytest.raises(errors.DigestError, match="Expected 'a file' with the (crc32c e3|md5 25).*, got "):
            checksums.verify("a file")
    checksums.close()
