"""Whether hubs can run models on this system, and the settings with which they do."""

from __future__ import annotations

import pytest
from patience import PATIENCE

from tensorflow_hub.sandbox import reason_against

_REASON = reason_against()
# Settings of a hub that runs models as often as it is asked, and waits for them; none where it cannot.
RUNS_MODELS = (
    {}
    if _REASON
    else {
        "TFHUB_SERVER_PREDICT": "1",
        "TFHUB_SERVER_PREDICT_SECONDS": str(PATIENCE),
        "TFHUB_SERVER_PREDICTIONS_PER_MINUTE": "0",
    }
)
needs_sandbox = pytest.mark.skipif(bool(_REASON), reason=f"no sandbox here: {_REASON}")
