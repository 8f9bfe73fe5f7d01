"""tfhub.dev: a hub of the hosting protocol, whose redirects lead to Kaggle today and fail on some days."""

from __future__ import annotations

from collections.abc import Sequence

from tensorflow_hub.errors import HubError, NotFoundError, UnreachableError
from tensorflow_hub.resolving.sources.hub import Hub
from tensorflow_hub.resolving.sources.source import Failure, Location


class TfhubDev(Hub):
    """Takes the handles of tfhub.dev."""

    def explain(self, location: Location, failures: Sequence[Failure]) -> HubError:  # noqa: D102
        problem = failures[-1].problem
        if not isinstance(problem, (NotFoundError, UnreachableError)):
            return problem
        return type(problem)(
            f"{location.handle!r} cannot be fetched from tfhub.dev. {problem.problem}",
            hint=f"{problem.hint.rstrip('.')}; or say which hub has its modules: "
            "TFHUB_MIRRORS='https://tfhub.dev/ -> https://your.hub/', or put a filled cache into "
            "TFHUB_CACHE_DIR.",
        )
