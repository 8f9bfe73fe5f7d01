"""`tfhub webhook`: URLs that a hub tells of what is done to its models."""

from __future__ import annotations

import click

from tensorflow_hub.api.names import EVENTS
from tensorflow_hub.cli import options, output

_EVENT = click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(list(EVENTS)),
    help="Which; may be repeated; default all.",
)


@click.group()
def command() -> None:
    """Have a hub send signed messages to your URL; takes a token of an owner of the publisher."""


@command.command("create")
@click.argument("url")
@click.option("--publisher", help="The publisher whose events it is told.")
@click.option("--all-publishers", is_flag=True, help="Tell it of the whole hub; takes an administrator.")
@_EVENT
@options.HUB
@options.JSON
def create(
    url: str,
    publisher: str | None,
    all_publishers: bool,
    events: tuple[str, ...],
    hub: str | None,
    as_json: bool,
) -> None:
    """Send what happens to URL, and print the secret that messages are signed with, once.

    \b
    Examples:
      tfhub webhook create https://ci.example.com/models --publisher acme
      tfhub webhook create https://ci.example.com/models --publisher acme --event publish --event withdraw
    """
    from tensorflow_hub.client.webhooks import create_webhook

    if (publisher is not None) == all_publishers:
        raise click.UsageError("Say whose events it is told: --publisher NAME, or --all-publishers.")
    made = create_webhook(url, publisher, events, hub=hub)
    if as_json:
        output.result_json(made)
    else:
        output.note(
            f"Webhook {made['id']} gets messages about {', '.join(made['events'])}. "
            "Its secret, shown only now:"
        )
        output.result(made["secret"])


@command.command("list")
@click.option("--publisher", help="Those of one publisher.")
@options.HUB
@options.JSON
def list_all(publisher: str | None, hub: str | None, as_json: bool) -> None:
    """List webhooks, without their secrets; without a publisher those of the whole hub.

    \b
    Example:
      tfhub webhook list --publisher acme
    """
    from tensorflow_hub.client.webhooks import list_webhooks

    found = list_webhooks(publisher, hub=hub)
    if as_json:
        output.result_json(found)
        return
    rows = [(str(w["id"]), w["url"], ",".join(w["events"]), _state(w)) for w in found]
    output.table(rows, ("number", "url", "events", "state"))


@command.command("change")
@click.argument("number", type=int)
@_EVENT
@click.option("--on/--off", "active", default=None, help="Send messages, or send none.")
@options.HUB
def change(number: int, events: tuple[str, ...], active: bool | None, hub: str | None) -> None:
    """Choose other events of webhook NUMBER, or switch it on or off.

    \b
    Examples:
      tfhub webhook change 481927365 --event withdraw
      tfhub webhook change 481927365 --on
    """
    from tensorflow_hub.client.webhooks import change_webhook

    changed = change_webhook(number, events=events or None, active=active, hub=hub)
    output.note(
        f"Webhook {number} gets messages about {', '.join(changed['events'])}; it is {_state(changed)}."
    )


@command.command("remove")
@click.argument("number", type=int)
@options.HUB
def remove(number: int, hub: str | None) -> None:
    """Remove webhook NUMBER and its log.

    \b
    Example:
      tfhub webhook remove 481927365
    """
    from tensorflow_hub.client.webhooks import remove_webhook

    remove_webhook(number, hub=hub)
    output.note(f"Webhook {number} is removed.")


@command.command("log")
@click.argument("number", type=int)
@options.HUB
@options.JSON
def log(number: int, hub: str | None, as_json: bool) -> None:
    """List the last messages of webhook NUMBER, and what the receiver answered.

    \b
    Example:
      tfhub webhook log 481927365
    """
    from tensorflow_hub.client.webhooks import list_deliveries

    found = list_deliveries(number, hub=hub)
    if as_json:
        output.result_json(found)
        return
    rows = [
        (d["id"], d["event"], d["handle"], d["state"], str(d["status"] or ""), d["answer"][:60])
        for d in found
    ]
    output.table(rows, ("id", "event", "handle", "state", "status", "answer"))


@command.command("test")
@click.argument("number", type=int)
@options.HUB
def test(number: int, hub: str | None) -> None:
    """Send a message of the type `test` to webhook NUMBER.

    \b
    Example:
      tfhub webhook test 481927365
    """
    from tensorflow_hub.client.webhooks import send_test

    sent = send_test(number, hub=hub)
    output.note(f"The message {sent['id']} will be sent; `tfhub webhook log {number}` shows the answer.")


@command.command("again")
@click.argument("number", type=int)
@click.argument("message")
@options.HUB
def again(number: int, message: str, hub: str | None) -> None:
    """Send MESSAGE of the log of webhook NUMBER once more, under the same id.

    \b
    Example:
      tfhub webhook again 481927365 msg_0123456789abcdef0123456789abcdef
    """
    from tensorflow_hub.client.webhooks import send_again

    send_again(number, message, hub=hub)
    output.note(f"The message {message} will be sent again.")


def _state(webhook: object) -> str:
    assert isinstance(webhook, dict)
    if not webhook["active"]:
        return f"off: {webhook['reason']}"
    return f"failing since {webhook['failing_since']}" if webhook["failing_since"] else "on"
