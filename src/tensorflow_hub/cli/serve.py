"""`tfhub serve`: run a hub."""

from __future__ import annotations

import dataclasses
import typing

import click

from tensorflow_hub.cli import output

if typing.TYPE_CHECKING:
    from tensorflow_hub.server.settings import ServerSettings


@click.command()
@click.option("--data", metavar="DIR", help="Folder of the embedded database and store.")
@click.option("--host", help="Address to listen on; default 127.0.0.1, this machine only.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one. Default 8500.")
@click.option("--workers", type=click.IntRange(1), help="Number of server processes.")
@click.option(
    "--upstream",
    metavar="URL|tfhub",
    help="Where what is absent here is fetched: a hub, or what tfhub.dev had.",
)
@click.option("--config", metavar="FILE", help="TOML file with settings; environment variables win.")
def command(
    data: str | None,
    host: str | None,
    port: int | None,
    workers: int | None,
    upstream: str | None,
    config: str | None,
) -> None:
    """Run a hub: pages and downloads at the same URLs.

    With nothing configured it keeps all in one folder (SQLite and files). The first run prints an
    administrator's token, once. Every setting is in docs/running_a_hub.md.

    \b
    Examples:
      tfhub serve
      tfhub serve --data /srv/hub --host 0.0.0.0 --port 80 --workers 2
      tfhub serve --upstream https://hub.example.com
      tfhub serve --upstream tfhub
    """
    try:
        from tensorflow_hub.server import run
        from tensorflow_hub.server.settings import ServerSettings
    except ModuleNotFoundError as error:
        from tensorflow_hub.errors import MissingDependencyError

        raise MissingDependencyError(
            f"`tfhub serve` needs the package {error.name}, which is not installed.",
            hint="Run: pip install 'tensorflow-hub[server]'",
        ) from error

    if upstream is not None:
        upstream = _address(upstream)
    options = {"data": data, "host": host, "port": port, "workers": workers, "upstream": upstream}
    given = {name: value for name, value in options.items() if value is not None}
    settings = dataclasses.replace(ServerSettings.read(config), **given)  # type: ignore[arg-type]
    asked_for = port is not None or ServerSettings.names("TFHUB_SERVER_PORT", config)
    with run.reserved_port(settings, asked_for=asked_for) as chosen:
        _serve(dataclasses.replace(settings, port=chosen), wanted=settings.port)


def _address(text: str) -> str:
    from tensorflow_hub.server.setting_values import parse_upstream

    try:
        return parse_upstream(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}, got {text!r}", param_hint="--upstream") from error


def _serve(settings: ServerSettings, wanted: int) -> None:
    from tensorflow_hub.server import run

    secret = run.prepare(settings)
    if secret is not None:
        output.note("This hub is new. Its administrator's token, shown only now:")
        output.result(f"token {secret}")
    if settings.port != wanted and wanted:
        output.note(f"Port {wanted} is taken; using {settings.port}.")
    url = f"http://{_shown(settings.host)}:{settings.port}"
    output.note(f"Keeps its data in {run.place(settings)}. Stop it with Ctrl-C.")
    run.serve(settings, on_ready=lambda: output.result(f"serving {url}"))


def _shown(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - only what is printed
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
