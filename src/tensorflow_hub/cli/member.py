"""`tfhub member`: the members of a publisher of a hub."""

from __future__ import annotations

import click

from tensorflow_hub.api.names import ROLES
from tensorflow_hub.cli import options, output

_ROLES = click.Choice(list(ROLES))


@click.group()
def command() -> None:
    """List, invite and remove the members of a publisher; takes a token of an owner."""


@command.command("list")
@click.argument("publisher")
@options.HUB
@options.JSON
def list_all(publisher: str, hub: str | None, as_json: bool) -> None:
    """List the members of PUBLISHER and their roles, and the open invitations.

    \b
    Examples:
      tfhub member list acme
      tfhub member list acme --json
    """
    from tensorflow_hub.client.members import list_members

    found = list_members(publisher, hub=hub)
    if as_json:
        output.result_json(found)
        return
    rows = [(str(m["user"]), m["name"], m["role"], f"since {m['added_at']}") for m in found["members"]]
    rows += [("", i["note"], i["role"], f"invited until {i['expires_at']}") for i in found["invitations"]]
    output.table(rows, ("number", "name", "role", "state"))


@command.command("invite")
@click.argument("publisher")
@click.option("--role", type=_ROLES, default="reader", show_default=True, help="The role of the person.")
@click.option("--note", default="", help="A note for your list, such as the person's name.")
@options.HUB
@options.JSON
def invite(publisher: str, role: str, note: str, hub: str | None, as_json: bool) -> None:
    """Make an invitation to PUBLISHER and print its link, which is valid for one person and a week.

    \b
    Examples:
      tfhub member invite acme
      tfhub member invite acme --role owner --note "Ada"
    """
    from tensorflow_hub.client.members import invite as make_invitation

    made = make_invitation(publisher, role, note, hub=hub)
    if as_json:
        output.result_json(made)
    else:
        output.note(f"Send this link to the new {role} of {publisher}. It is not shown again:")
        output.result(made["url"])


@command.command("role")
@click.argument("publisher")
@click.argument("number", type=int)
@click.argument("role", type=_ROLES)
@options.HUB
def change(publisher: str, number: int, role: str, hub: str | None) -> None:
    """Change the role of member NUMBER of PUBLISHER; `tfhub member list` shows the numbers.

    \b
    Example:
      tfhub member role acme 481927365 publisher
    """
    from tensorflow_hub.client.members import change_role

    changed = change_role(publisher, number, role, hub=hub)
    output.note(f"{changed['name']} is now {changed['role']} of {publisher}.")


@command.command("remove")
@click.argument("publisher")
@click.argument("number", type=int)
@options.HUB
def remove(publisher: str, number: int, hub: str | None) -> None:
    """Remove member NUMBER from PUBLISHER; the permissions of the role end at once.

    \b
    Example:
      tfhub member remove acme 481927365
    """
    from tensorflow_hub.client.members import remove_member

    remove_member(publisher, number, hub=hub)
    output.note(f"The member {number} is removed from {publisher}.")
