"""`tfhub login`: save a token for a hub."""

from __future__ import annotations

import dataclasses
import sys
import urllib.parse

import click

from tensorflow_hub.cli import output
from tensorflow_hub.errors import HandleError, NotFoundError
from tensorflow_hub.handles import is_web_address
from tensorflow_hub.network.credentials import host_of, read_tokens, write_token
from tensorflow_hub.network.session import open_session
from tensorflow_hub.settings import Settings


@click.command(
    "login",
    epilog="""\b
Examples:
  tfhub login
  tfhub login https://hub.example
  echo "$TOKEN" | tfhub login https://hub.example --token-stdin
  tfhub login https://hub.example --forget""",
)
@click.argument("hub", metavar="[HUB]", required=False)
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
@click.option("--forget", is_flag=True, help="Remove the saved token.")
@click.option("--no-check", is_flag=True, help="Save the token without asking the hub whether it is valid.")
def command(hub: str | None, token_stdin: bool, forget: bool, no_check: bool) -> None:
    """Save a token for a hub, in a file that only you can read.

    HUB is the address of the hub, default TFHUB_URL. The token is sent to that host and to no other.
    """
    settings = Settings.from_environment()
    url = _address(hub or settings.hub)
    if forget:
        known = host_of(url) in read_tokens(settings)
        path = write_token(url, None, settings)
        output.result(f"{'Forgot the token' if known else 'There is no token'} for {url} in {path}")
        return
    if token_stdin:
        token = sys.stdin.readline().strip()
    elif not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask on: pass the token to --token-stdin.")
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
    output.result(f"Kept the token for {url} in {write_token(url, token, settings)}")


def _address(text: str) -> str:
    url = text if "://" in text else f"https://{text}"
    if not is_web_address(url) or any(map(str.isspace, url)):
        raise HandleError(
            f"Expected the address of a hub, got {text!r}.", hint="For example https://hub.example."
        )
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _check(url: str, token: str, settings: Settings) -> None:
    """Asks the hub what the token may do; a foreign hub cannot be asked."""
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
        output.note(f"The hub knows it: {told}.")
