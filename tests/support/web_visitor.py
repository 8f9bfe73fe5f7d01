"""Somebody who reads pages of a hub and sends their forms, as a browser without JavaScript does."""

from __future__ import annotations

import html
import re

import requests
from patience import PATIENCE

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Visitor:
    """Keeps cookies; follows no redirect."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def open(self, path: str, **headers: str) -> requests.Response:
        return self._request("GET", path, headers=headers)

    def send(self, page: str, action: str = "", headers=None, files=None, **fields: str) -> requests.Response:
        """Opens a page and sends its form to `action` with what is in hidden fields and `fields`."""
        text = self.open(page).text
        action = action or page
        form = re.search(rf'<form method="post" action="{re.escape(action)}"(.*?)</form>', text, re.DOTALL)
        assert form, f"no form for {action} on {page}: {text}"
        inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form[1])
        sent = {name: html.unescape(value) for name, value in inputs} | fields
        return self.post(action, headers=headers, files=files, **sent)

    def post(self, action: str, headers=None, files=None, **fields: str) -> requests.Response:
        headers = {"Origin": self.url, **(headers or {})}
        return self._request("POST", action, headers=headers, data=fields, files=files)

    def sign_in(self, token: str, goal: str = "") -> requests.Response:
        return self.send(f"/login?next={goal}" if goal else "/login", "/login", token=token)

    def _request(self, method: str, path: str, headers, **options) -> requests.Response:
        return self.session.request(
            method,
            self.url + path,
            headers={**HTML, **headers},
            timeout=PATIENCE,
            allow_redirects=False,
            **options,
        )
