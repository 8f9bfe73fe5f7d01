"""What the tests of the format share."""

from __future__ import annotations

import pytest

from tensorflow_hub.format.archive import inflate


@pytest.fixture(scope="module", params=["zlib", "isal"])
def each_inflate_library(request):
    """Runs a module's tests once with zlib and once with ISA-L."""
    if request.param == "isal" and inflate.LIBRARY is inflate.ZLIB:
        pytest.skip("ISA-L is not installed: pip install isal")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "zlib":
            patch.setattr(inflate, "LIBRARY", inflate.ZLIB)
        yield
