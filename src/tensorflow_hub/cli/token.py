"""`tfhub token`: make, list and revoke tokens of a hub."""

from __future__ import annotations

import sys
from typing import Any

import click

from tensorflow_hub.api.names import SCOPES
from tensorflow_hub.cli import options, output


@click.group()
def command() -> None:
    """Make, list and revoke tokens; takes a token of scope admin in TFHUB_TOKEN."""


@command.command("create")
@click.argument("name")
@click.option("--publisher", help="The publisher it is good for.")
@click.option("--all-publishers", is_flag=True, help="Make it good for all of them; --scope has to be said.")
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    help="What it is good for; default publish, for a publisher.",
)
@click.option("--days", type=click.IntRange(1), help="After how many days it expires; default never.")
@options.HUB
@options.JSON
def create(
    name: str,
    publisher: str | None,
    all_publishers: bool,
    scope: str | None,
    days: int | None,
    hub: str | None,
    as_json: bool,
) -> None:
    """Make a token called NAME and print its secret, once.

    \b
    Examples:
      tfhub token create ci --publisher acme --days 90
      tfhub token create notebook --publisher acme --scope read
      tfhub token create prometheus --all-publishers --scope read
    """
    from tensorflow_hub.client.tokens import create_token

    if (publisher is not None) == all_publishers:
        raise click.UsageError("Say whom the token is good for: --publisher NAME, or --all-publishers.")
    made = create_token(name, scope or _scope(all_publishers), publisher, days, hub=hub)
    if as_json:
        output.result_json(made)
    else:
        until = f"until {made['expires_at']}" if made["expires_at"] else "never expires"
        good_for = made["publisher"] or "all publishers"
        output.note(f"Token {made['id']} ({made['scope']}, {good_for}, {until}), shown only now:")
        output.result(made["secret"])


@command.command("list")
@click.option("--publisher", help="Those of one publisher.")
@options.HUB
@options.JSON
def list_all(publisher: str | None, hub: str | None, as_json: bool) -> None:
    """List tokens, without their secrets.

    \b
    Examples:
      tfhub token list
      tfhub token list --publisher acme --json
    """
    from tensorflow_hub.client.tokens import list_tokens

    found = list_tokens(publisher, hub=hub)
    if as_json:
        output.result_json(found)
        return
    rows = [(t["id"], t["name"], t["scope"], t["publisher"] or "all", _state(t)) for t in found]
    output.table(rows, ("id", "name", "scope", "publisher", "state"))


@command.command("revoke")
@click.argument("number", type=int)
@options.HUB
def revoke(number: int, hub: str | None) -> None:
    """Make token NUMBER useless from now on; `tfhub token list` shows the numbers.

    \b
    Example:
      tfhub token revoke 3
    """
    from tensorflow_hub.client.tokens import revoke_token

    revoke_token(number, hub=hub)
    output.note(f"Token {number} is revoked.")


@command.command("show")
@options.HUB
@options.JSON
def show(hub: str | None, as_json: bool) -> None:
    """Show what the token in use may do.

    \b
    Example:
      tfhub token show --hub https://hub.example
    """
    from tensorflow_hub.client.tokens import own_token

    token = own_token(hub=hub)
    if as_json:
        output.result_json(token)
    else:
        output.result(
            f"{token['name']}: {token['scope']}, {token['publisher'] or 'all publishers'}, {_state(token)}"
        )


def _scope(all_publishers: bool) -> str:
    """The scope where none is given: what is good for everybody's models is never a default."""
    if not all_publishers:
        return "publish"
    if not sys.stdin.isatty():
        raise click.UsageError(f"A token for all publishers needs a --scope: {', '.join(SCOPES)}.")
    chosen: str = click.prompt("Scope for all publishers", type=click.Choice(SCOPES), err=True)
    return chosen


def _state(token: Any) -> str:
    if token["revoked_at"]:
        return f"revoked {token['revoked_at']}"
    return f"until {token['expires_at']}" if token["expires_at"] else "good"
