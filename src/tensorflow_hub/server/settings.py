"""Every setting of the hub: an environment variable, or a line of a TOML file. A variable wins over the file.

The same table is in docs/running_a_hub.md and a test keeps the two equal.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.setting_values import (
    one_of,
    parse_colour,
    parse_contact,
    parse_count,
    parse_domains,
    parse_group_roles,
    parse_issuer,
    parse_networks,
    parse_port,
    parse_positive,
    parse_public_url,
    parse_site_name,
    parse_upstream,
)
from tensorflow_hub.settings import from_environment, parse_bool, parse_size, variable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

MIB, GIB = 2**20, 2**30


@dataclasses.dataclass(frozen=True)
class ServerSettings:
    """The settings of a hub, the same in each of its processes."""

    data: str = variable(
        "TFHUB_SERVER_DATA",
        "",
        str,
        "Folder of the embedded database and store; default: one in the user's data folder.",
    )
    host: str = variable("TFHUB_SERVER_HOST", "127.0.0.1", str, "Address to listen on.")
    port: int = variable(
        "TFHUB_SERVER_PORT",
        8500,
        parse_port,
        "Port to listen on. If the default is taken, a free one is used; a port that is set is always used.",
    )
    workers: int = variable("TFHUB_SERVER_WORKERS", 1, parse_positive, "Number of server processes.")
    database: str = variable(
        "TFHUB_SERVER_DATABASE",
        "",
        str,
        "URL of the catalogue, `postgresql://user:password@host/name`; default: SQLite in the data folder.",
    )
    store: str = variable(
        "TFHUB_SERVER_STORE",
        "",
        str,
        "Where archives are kept: `s3://bucket/prefix` or a folder; default: `store` in the data folder.",
    )
    redirect: bool = variable(
        "TFHUB_SERVER_REDIRECT",
        True,
        parse_bool,
        "Answer downloads by a redirect to a presigned URL where the store can sign one.",
    )
    redirect_seconds: int = variable(
        "TFHUB_SERVER_REDIRECT_SECONDS", 3600, parse_positive, "How long a presigned URL is valid."
    )
    public_url: str = variable(
        "TFHUB_SERVER_PUBLIC_URL",
        "",
        parse_public_url,
        "The URL under which people reach this hub, a host without a path; default: that of the request.",
    )
    trusted_proxies: tuple[str, ...] = variable(
        "TFHUB_SERVER_TRUSTED_PROXIES",
        (),
        parse_networks,
        "Addresses or networks of reverse proxies whose `X-Forwarded-*` headers are believed.",
    )
    upstream: str = variable(
        "TFHUB_SERVER_UPSTREAM",
        "",
        parse_upstream,
        "A hub to fetch models from that are not here; they are kept. `tfhub`: models that tfhub.dev had, "
        "from where they are now.",
    )
    upstream_token: str = variable(
        "TFHUB_SERVER_UPSTREAM_TOKEN", "", str, "The token sent to the upstream hub."
    )
    uncompressed_url: str = variable(
        "TFHUB_SERVER_UNCOMPRESSED_URL",
        "",
        str,
        "A place for unpacked copies of modules, as readers see it (`gs://…`, `/nfs/…`). The hub writes them "
        "when a module is published, except private ones. Empty: modules are served compressed only.",
    )
    max_archive: int = variable(
        "TFHUB_SERVER_MAX_ARCHIVE", 20 * GIB, parse_size, "Largest archive that may be published, in bytes."
    )
    max_unpacked: int = variable(
        "TFHUB_SERVER_MAX_UNPACKED", 60 * GIB, parse_size, "Largest unpacked module, in bytes."
    )
    max_graph: int = variable(
        "TFHUB_SERVER_MAX_GRAPH",
        512 * MIB,
        parse_size,
        "Largest `saved_model.pb`, in bytes; reading one takes several times as much memory.",
    )
    describe_memory: int = variable(
        "TFHUB_SERVER_DESCRIBE_MEMORY",
        4 * GIB,
        parse_size,
        "Memory limit of the process that reads an uploaded module, in bytes.",
    )
    describe_seconds: int = variable(
        "TFHUB_SERVER_DESCRIBE_SECONDS",
        120,
        parse_positive,
        "Processor time, in seconds, of the process that reads an uploaded module.",
    )
    max_files: int = variable("TFHUB_SERVER_MAX_FILES", 100_000, parse_positive, "Most files in a module.")
    max_request: int = variable(
        "TFHUB_SERVER_MAX_REQUEST",
        8 * MIB,
        parse_size,
        "Largest JSON request body, in bytes; the index of an archive that is published may have 32 MiB.",
    )
    upload_hours: int = variable(
        "TFHUB_SERVER_UPLOAD_HOURS", 24, parse_positive, "After how many hours an unfinished upload expires."
    )
    stall_seconds: int = variable(
        "TFHUB_SERVER_STALL_SECONDS",
        30,
        parse_positive,
        "After how many seconds without data an upload is cut.",
    )
    requests_per_minute: int = variable(
        "TFHUB_SERVER_REQUESTS_PER_MINUTE",
        0,
        parse_count,
        "Requests a minute that one address may make to the API and pages, to all processes; 0: no limit.",
    )
    publishes_per_hour: int = variable(
        "TFHUB_SERVER_PUBLISHES_PER_HOUR",
        600,
        parse_count,
        "Uploads that one token may begin or go on with in an hour, and as many measurements that it may "
        "attach, in all processes; 0: no limit.",
    )
    measurements_of_others: bool = variable(
        "TFHUB_SERVER_MEASUREMENTS_OF_OTHERS",
        False,
        parse_bool,
        "Whether who may publish for one publisher may attach measurements to the models of another.",
    )
    guesses_per_minute: int = variable(
        "TFHUB_SERVER_GUESSES_PER_MINUTE",
        20,
        parse_count,
        "Unknown tokens a minute from one address, and as many programs that ask to be signed in, to all "
        "processes, before more are refused; 0: no limit.",
    )
    predict: bool = variable(
        "TFHUB_SERVER_PREDICT",
        False,
        parse_bool,
        "Run models for those who may read them, in processes without network and rights; takes Linux and "
        "TensorFlow.",
    )
    predict_processes: int = variable(
        "TFHUB_SERVER_PREDICT_PROCESSES",
        2,
        parse_positive,
        "Most models that run at once, in each server process.",
    )
    predict_seconds: int = variable(
        "TFHUB_SERVER_PREDICT_SECONDS", 20, parse_positive, "How long a model may take for one answer."
    )
    predict_memory: int = variable(
        "TFHUB_SERVER_PREDICT_MEMORY",
        4 * GIB,
        parse_size,
        "Memory of a model that runs, in bytes of addresses; TensorFlow itself takes 2 GiB of them.",
    )
    predict_input: int = variable(
        "TFHUB_SERVER_PREDICT_INPUT", 4 * MIB, parse_size, "Largest input of a model that runs, in bytes."
    )
    predictions_per_minute: int = variable(
        "TFHUB_SERVER_PREDICTIONS_PER_MINUTE",
        30,
        parse_count,
        "Answers of models a minute for one token, or one address without a token, in all processes; 0: no "
        "limit.",
    )
    site_name: str = variable(
        "TFHUB_SERVER_SITE_NAME", "TensorFlow Hub", parse_site_name, "What the pages call this hub."
    )
    site_logo: str = variable(
        "TFHUB_SERVER_SITE_LOGO",
        "",
        str,
        "A PNG, JPEG or SVG file beside the name, of at most 200,000 bytes; read when the hub starts.",
    )
    site_contact: str = variable(
        "TFHUB_SERVER_SITE_CONTACT",
        "",
        parse_contact,
        "Contact for readers: a mail address or a URL, linked on every page.",
    )
    site_colour: str = variable(
        "TFHUB_SERVER_SITE_COLOUR",
        "",
        parse_colour,
        "Colour of buttons and links as `#1a73e8`; the pages use shades of it that can be read.",
    )
    oidc_issuer: str = variable(
        "TFHUB_SERVER_OIDC_ISSUER",
        "",
        parse_issuer,
        "Issuer of the OpenID Connect provider that people sign in with; needs the extra `oidc`.",
    )
    oidc_client_id: str = variable(
        "TFHUB_SERVER_OIDC_CLIENT_ID", "", str, "The id of this hub at the provider."
    )
    oidc_secret_file: str = variable(
        "TFHUB_SERVER_OIDC_SECRET_FILE", "", str, "File with the client secret; none for a public client."
    )
    oidc_scopes: str = variable(
        "TFHUB_SERVER_OIDC_SCOPES",
        "openid profile email",
        str,
        "The scopes that the provider is asked for; some providers need `groups` here.",
    )
    oidc_domains: tuple[str, ...] = variable(
        "TFHUB_SERVER_OIDC_DOMAINS",
        (),
        parse_domains,
        "Who may sign in: people with a verified mail address of these domains; empty: all that the provider "
        "signs in.",
    )
    oidc_roles: tuple[tuple[str, str, str], ...] = variable(
        "TFHUB_SERVER_OIDC_ROLES",
        (),
        parse_group_roles,
        "Roles of the provider's groups (the claim `groups`): `ml-team=acme:publisher, admins=*:owner`.",
    )
    webhook_networks: tuple[str, ...] = variable(
        "TFHUB_SERVER_WEBHOOK_NETWORKS",
        (),
        parse_networks,
        "Private networks, such as `10.0.0.0/8`, that webhooks may go to; without, public addresses only.",
    )
    smtp_host: str = variable(
        "TFHUB_SERVER_SMTP_HOST",
        "",
        str,
        "The mail server by which members of a publisher are told what happens; without, there is no mail.",
    )
    smtp_port: int = variable("TFHUB_SERVER_SMTP_PORT", 587, parse_port, "Port of the mail server.")
    smtp_security: str = variable(
        "TFHUB_SERVER_SMTP_SECURITY",
        "starttls",
        one_of("starttls", "tls", "none"),
        "How the mail server is spoken to: `starttls`, `tls` from the beginning, or `none`.",
    )
    smtp_user: str = variable(
        "TFHUB_SERVER_SMTP_USER",
        "",
        str,
        "What the mail server calls this hub; without, it is not signed in.",
    )
    smtp_password_file: str = variable(
        "TFHUB_SERVER_SMTP_PASSWORD_FILE", "", str, "File with the password of the mail server."
    )
    mail_from: str = variable("TFHUB_SERVER_MAIL_FROM", "", str, "The mail address that mail comes from.")
    mail_confirmations_per_hour: int = variable(
        "TFHUB_SERVER_MAIL_CONFIRMATIONS_PER_HOUR",
        10,
        parse_count,
        "Addresses that one user may have asked, in an hour, whether they want mail; 0: no limit.",
    )
    session_hours: int = variable(
        "TFHUB_SERVER_SESSION_HOURS",
        12,
        parse_positive,
        "After how many hours without use a browser is signed out; after 7 days it is in any case.",
    )
    metrics: str = variable(
        "TFHUB_SERVER_METRICS",
        "token",
        one_of("token", "public", "off"),
        "Who gets Prometheus metrics at `/metrics`: `token` (tokens that are good for all publishers), "
        "`public` (everybody) or `off`.",
    )
    log_format: str = variable(
        "TFHUB_SERVER_LOG_FORMAT", "text", one_of("text", "json"), "Form of the log: `text` or `json`."
    )

    @classmethod
    def read(cls, file: str | None = None, environ: Mapping[str, str] | None = None) -> ServerSettings:
        """Reads the TOML `file` (or the one `TFHUB_SERVER_CONFIG` names), then the environment over it.

        Raises:
          SettingsError: for an unreadable file, an unknown key or a value that does not parse.

        >>> ServerSettings.read(environ={"TFHUB_SERVER_PORT": "9000"}).port
        9000
        """
        environ = os.environ if environ is None else environ
        file = file or environ.get("TFHUB_SERVER_CONFIG") or None
        in_file = _from_toml(file) if file else {}
        places = {name: f"The setting {_key(name)!r} in {file!r}" for name in in_file if name not in environ}
        return from_environment(cls, {**in_file, **environ}, places)

    @classmethod
    def names(cls, variable: str, file: str | None = None, environ: Mapping[str, str] | None = None) -> bool:
        """Whether the environment or the file names a value for a variable: then it is no default."""
        environ = os.environ if environ is None else environ
        file = file or environ.get("TFHUB_SERVER_CONFIG") or None
        return variable in environ or (file is not None and variable in _from_toml(file))

    @property
    def session_idle_seconds(self) -> int:
        """How long a browser stays signed in without use."""
        return self.session_hours * 3600

    def data_folder(self) -> Path:
        """The folder of the embedded database and store."""
        if self.data:
            return Path(self.data).expanduser().absolute()
        import platformdirs

        return Path(platformdirs.user_data_dir("tensorflow-hub")) / "hub"


def _key(variable: str) -> str:
    """The key in a file that stands for a variable.

    >>> _key("TFHUB_SERVER_PORT")
    'port'
    """
    return variable.removeprefix("TFHUB_SERVER_").lower()


def _from_toml(file: str) -> dict[str, str]:
    """The lines of a TOML file as the environment variables they stand for."""
    try:
        with open(file, "rb") as stream:
            values = tomllib.load(stream)
    except (OSError, ValueError) as error:  # no TOML, or no UTF-8
        raise SettingsError(
            f"Expected a readable TOML file at {file!r}: {error}.", hint="Check the path and the syntax."
        ) from error
    variables = {field.name: field.metadata["env"] for field in dataclasses.fields(ServerSettings)}
    unknown = sorted(set(values) - set(variables))
    if unknown:
        raise SettingsError(
            f"The settings file {file!r} has the unknown key {unknown[0]!r}.",
            hint=f"Known keys: {', '.join(sorted(variables))}.",
        )
    return {variables[name]: _as_text(value) for name, value in values.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)
