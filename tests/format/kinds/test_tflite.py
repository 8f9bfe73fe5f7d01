"""Programs for TFLite models. Those that can be run are run in tests/server/web/test_snippets.py."""

from __future__ import annotations

import pytest

from tensorflow_hub.format.kinds.tflite import KIND


@pytest.mark.parametrize(
    ("op", "runs"),
    [
        ("TFLite_Detection_PostProcess", True),
        ("FlexErf", False),
        ("Mine", False),
        ("edgetpu-custom-op", False),
    ],
)
def test_a_model_with_ops_that_the_interpreter_lacks_has_no_program(op, runs):
    found = KIND.snippets("http://hub/a/b/1", "tflite", {"custom_ops": [op]})
    assert [snippet.language for snippet in found] == ["python", "bash"][not runs :]
