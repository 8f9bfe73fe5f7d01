"""Many sign-ins at once, right and wrong ones: the hub goes on answering pages, and slows guesses down."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import requests
from hub_content import card
from patience import PATIENCE
from private_hub import api, new_token, private_hub
from web_visitor import Visitor

SIGN_INS, AT_ONCE, ALLOWED = 120, 24, 20
PAGE = "public/model/1"


def test_the_hub_answers_pages_while_many_sign_in(tmp_path):
    limit = {"TFHUB_SERVER_GUESSES_PER_MINUTE": str(ALLOWED)}
    with private_hub(tmp_path / "data", "sqlite", **limit) as hub:
        api(hub, "PUT", "/api/v1/cards", json={"handle": PAGE, "card": card(PAGE, "Placeholder")})
        token = new_token(hub)["secret"]
        ends = threading.Event()
        pages: list[tuple[int, float]] = []

        def read():
            session = requests.Session()
            while not ends.is_set():
                begun = time.monotonic()
                status = session.get(f"{hub.url}/{PAGE}", timeout=PATIENCE).status_code
                pages.append((status, time.monotonic() - begun))

        def sign_in(number):
            is_right = number % 2 == 0
            return is_right, Visitor(hub.url).sign_in(
                token if is_right else f"tfhub_guess{number}"
            ).status_code

        reader = threading.Thread(target=read)
        reader.start()
        begun = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = Counter(pool.map(sign_in, range(SIGN_INS)))
        took = time.monotonic() - begun
        ends.set()
        reader.join(PATIENCE)

        assert answers[True, 303] == SIGN_INS // 2, "who has a good token is let in"
        assert answers[False, 401] + answers[False, 429] == SIGN_INS // 2
        # So many each minute; a bucket fills up while the test lasts.
        assert answers[False, 401] <= ALLOWED + ALLOWED * took / 60 + 1
        assert answers[False, 429] > 0
        assert {status for status, _ in pages} == {200}
        # A page takes its turn among those at once; it does not wait for all of them.
        assert len(pages) >= SIGN_INS // AT_ONCE
        assert max(seconds for _, seconds in pages) < took / 2
