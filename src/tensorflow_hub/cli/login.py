"""`tfhub login`: save a token for a hub."""

from __future__ import annotations

import dataclasses
import os
import platform
import sys
import urllib.parse
import webbrowser
from typing import TYPE_CHECKING

import click

from tensorflow_hub.cli import output
from tensorflow_hub.errors import HandleError, NotFoundError, RequestError
from tensorflow_hub.handles import is_web_address
from tensorflow_hub.network.credentials import host_of, read_tokens, write_token
from tensorflow_hub.network.session import open_session
from tensorflow_hub.settings import Settings

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


@click.command(
    "login",
    epilog="""\b
Examples:
  tfhub login
  tfhub login https://hub.example
  tfhub login https://hub.example --paste
  echo "$TOKEN" | tfhub login https://hub.example --token-stdin
  tfhub login https://hub.example --forget""",
)
@click.argument("hub", metavar="[HUB]", required=False)
@click.option("--paste", is_flag=True, help="Ask for a token to paste, instead of opening the browser.")
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
@click.option("--forget", is_flag=True, help="Remove the saved token.")
@click.option("--no-check", is_flag=True, help="Save the token without asking the hub whether it is valid.")
def command(hub: str | None, paste: bool, token_stdin: bool, forget: bool, no_check: bool) -> None:
    """Save a token for a hub, in a file that only you can read.

    HUB is the address of the hub, default TFHUB_URL. A page of the hub opens in the browser, or on any other
    machine; who is signed in there compares the code and allows it. A hub without such a page, and --paste,
    ask for a token. It is sent to that host and to no other.
    """
    settings = Settings.from_environment()
    url = _address(hub or settings.hub)
    if forget:
        known = host_of(url) in read_tokens(settings)
        path = write_token(url, None, settings)
        output.result(f"{'Removed the token' if known else 'There is no token'} for {url} in {path}")
        return
    if token_stdin:
        token = sys.stdin.readline().strip()
    elif not sys.stdin.isatty():
        raise click.UsageError("Expected a terminal to ask for the token. Pass the token with --token-stdin.")
    else:
        token = "" if paste or settings.offline else _by_browser(url)
        if token:
            no_check = True  # the hub has just made it
        else:
            token = click.prompt(f"Token for {url}", hide_input=True, err=True).strip()
    if not token:
        raise click.UsageError("Expected a token, got an empty line.")
    if any(character.isspace() or ord(character) < 33 for character in token):
        raise click.UsageError("Expected a token without spaces, got one with a space in it.")
    if settings.offline:
        output.note("The token is not checked: TFHUB_OFFLINE forbids to ask the hub.")
    elif not no_check:
        _check(url, token, settings)
    output.result(f"Saved the token for {url} in {write_token(url, token, settings)}")


def _by_browser(url: str) -> str:
    """Asks the user to allow a token on a page of the hub. Returns "" if the hub has no such page."""
    from tensorflow_hub.client.device_login import sign_in

    shown = False

    def show(waiting: answers.DeviceLogin) -> None:
        nonlocal shown
        shown = True
        page = waiting["verification_uri_complete"]
        output.note(f"Open {page} in a browser, on this machine or another.")
        output.note(f"Allow it there if the page shows the code {waiting['user_code']}. Ctrl-C cancels.")
        if _has_screen() and page.startswith(f"{url}/"):
            webbrowser.open(page)

    try:
        return sign_in(url, f"tfhub on {platform.node() or 'a machine'}"[:100], show)
    except (NotFoundError, RequestError):
        if shown:
            raise
        output.note("This hub signs nobody in with a browser; paste a token of it.")
        return ""


def _has_screen() -> bool:
    """Whether a browser can open a window here."""
    return sys.platform in {"darwin", "win32"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def _address(text: str) -> str:
    url = text if "://" in text else f"https://{text}"
    if not is_web_address(url) or any(map(str.isspace, url)):
        raise HandleError(
            f"Expected the URL of a hub, got {text!r}.", hint="Pass for example https://hub.example."
        )
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _check(url: str, token: str, settings: Settings) -> None:
    """Asks the hub for the permissions of the token. Hubs of other software do not answer."""
    with open_session(dataclasses.replace(settings, hub=url, token=token)) as session:
        try:
            answer = session.request("GET", f"{url}/api/v1/tokens/self", what=url)
        except NotFoundError:
            output.note("This hub does not tell whether the token is good; it is kept as it is.")
            return
    try:
        known = answer.json()
    except ValueError:
        return
    if isinstance(known, dict):
        told = ", ".join(f"{key} {known[key]}" for key in ("name", "publisher", "scope") if known.get(key))
        output.note(f"The hub accepts it: {told}.")
