"""tfhub.dev on loopback, on its good and its bad days, in front of Kaggle and of the old buckets.

The answers are those that public reports of 2023 to 2026 quote.
"""

from __future__ import annotations

import urllib.parse
from typing import Literal

from kaggle_server import KaggleServer
from loopback import Answer, LoopbackServer, Request, page, redirect

Day = Literal["good", "refused", "page", "broken", "gone"]


class TfhubDevServer:
    """tfhub.dev: redirects to Kaggle.

    Attributes:
      server: the web server.
      kaggle: where redirects lead, and whose storage has the old buckets.
      moved: name (`"google/elmo/3"`) → Kaggle's name (`"google/elmo/tensorFlow1/elmo/3"`).
      day: "good"; "refused": redirects to signed URLs that the storage refuses; "page": sends a page;
        "broken": 503; "gone": 410.
    """

    def __init__(self, kaggle: KaggleServer) -> None:
        self.server = LoopbackServer(self._answer)
        self.kaggle = kaggle
        self.moved: dict[str, str] = {}
        self.day: Day = "good"

    @property
    def url(self) -> str:
        return self.server.url

    def close(self) -> None:
        self.server.close()

    def put_in_bucket(self, name: str, archive: bytes) -> None:
        """Puts an archive where `storage.googleapis.com/tfhub-modules` has it."""
        self.kaggle.storage.put(f"tfhub-modules/{name}.tar.gz", archive, public=True)

    def _answer(self, request: Request) -> Answer:
        name = request.path.strip("/")
        if self.day == "refused":
            return redirect(f"{self.kaggle.storage.sign(f'kagglesdsdata/{name}')}0")
        if self.day == "page":
            return page("Log in to the network")
        if self.day in {"broken", "gone"}:
            return Answer(503 if self.day == "broken" else 410)
        query = dict(request.query)
        if name not in self.moved:
            return redirect(f"{self.kaggle.url}/models?tfhub-redirect=true")
        if query.get("tf-hub-format") == "uncompressed":
            place = f"gs://kaggle-tfhub-models-uncompressed/tfhub-modules/{name}/uncompressed"
            return Answer(303, place.encode())
        query["tfhub-redirect"] = "true"
        return redirect(f"{self.kaggle.url}/models/{self.moved[name]}?{urllib.parse.urlencode(query)}")
