"""`tfhub token`: make, list and revoke tokens of a hub."""

from __future__ import annotations

from typing import Any

import click

from tensorflow_hub.cli import output

_HUB = click.option("--hub", metavar="URL", help="The hub; default TFHUB_URL.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def command() -> None:
    """Make, list and revoke tokens; takes a token of scope admin in TFHUB_TOKEN."""


@command.command("create")
@click.argument("name")
@click.option("--publisher", help="The publisher it is good for; without it for all of them.")
@click.option(
    "--scope",
    type=click.Choice(["read", "publish", "admin"]),
    default="publish",
    show_default=True,
    help="What it is good for.",
)
@click.option("--days", type=click.IntRange(1), help="After how many days it expires; default never.")
@_HUB
@_JSON
def create(
    name: str, publisher: str | None, scope: str, days: int | None, hub: str | None, as_json: bool
) -> None:
    """Make a token called NAME and print its secret, once.

    \b
    Examples:
      tfhub token create ci --publisher acme --days 90
      tfhub token create notebook --publisher acme --scope read
    """
    from tensorflow_hub.client.tokens import create_token

    made = create_token(name, scope, publisher, days, hub=hub)
    if as_json:
        output.result_json(made)
    else:
        output.note(
            f"Token {made['id']} ({made['scope']}, {made['publisher'] or 'all publishers'}), shown only now:"
        )
        output.result(made["secret"])


@command.command("list")
@click.option("--publisher", help="Those of one publisher.")
@_HUB
@_JSON
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
@_HUB
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
@_HUB
@_JSON
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


def _state(token: Any) -> str:
    if token["revoked_at"]:
        return f"revoked {token['revoked_at']}"
    return f"until {token['expires_at']}" if token["expires_at"] else "good"
