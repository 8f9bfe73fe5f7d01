"""Defines the settings of the hub. Each is an environment variable or a line of a TOML file.

docs/running_a_hub.md has the same table, which `make settings-reference` writes from these definitions.
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
from tensorflow_hub.setting_values import from_environment, parse_bool, parse_count, parse_size, variable

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
        "Folder of the SQLite database and of the store; default: a folder in the user's data folder.",
    )
    host: str = variable("TFHUB_SERVER_HOST", "127.0.0.1", str, "Address to listen on.")
    port: int = variable(
        "TFHUB_SERVER_PORT",
        8500,
        parse_port,
        "Port to listen on. If it is not set and the default is in use, the hub chooses a free port.",
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
        "Where archives are stored: `s3://bucket/prefix` or a folder; default: `store` in the data folder.",
    )
    redirect: bool = variable(
        "TFHUB_SERVER_REDIRECT",
        True,
        parse_bool,
        "Whether downloads are redirected to a presigned URL of the store, if the store has such URLs.",
    )
    redirect_seconds: int = variable(
        "TFHUB_SERVER_REDIRECT_SECONDS", 3600, parse_positive, "How long a presigned URL is valid."
    )
    public_url: str = variable(
        "TFHUB_SERVER_PUBLIC_URL",
        "",
        parse_public_url,
        "The URL of this hub for its users, without a path; default: the URL of each request.",
    )
    trusted_proxies: tuple[str, ...] = variable(
        "TFHUB_SERVER_TRUSTED_PROXIES",
        (),
        parse_networks,
        "Addresses or networks of reverse proxies whose `X-Forwarded-*` headers the hub trusts.",
    )
    upstream: str = variable(
        "TFHUB_SERVER_UPSTREAM",
        "",
        parse_upstream,
        "The URL of a hub to mirror: models that this hub does not have are fetched from there and stored. "
        "`tfhub`: mirrors the models of tfhub.dev from their present locations.",
    )
    upstream_token: str = variable(
        "TFHUB_SERVER_UPSTREAM_TOKEN", "", str, "The token that this hub sends to the upstream hub."
    )
    uncompressed_url: str = variable(
        "TFHUB_SERVER_UNCOMPRESSED_URL",
        "",
        str,
        "Bucket or folder for unpacked copies of modules, as readers see it (`gs://…`, `/nfs/…`). The hub "
        "writes a copy of each module that is published, except private ones. Empty: no copies.",
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
        "Largest `saved_model.pb`, in bytes. Reading it needs several times as much memory.",
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
        "Limit of the processor time of the process that reads an uploaded module, in seconds.",
    )
    max_files: int = variable(
        "TFHUB_SERVER_MAX_FILES", 100_000, parse_positive, "Largest number of files in a module."
    )
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
        "After how many seconds without data the connection of an upload is closed.",
    )
    requests_per_minute: int = variable(
        "TFHUB_SERVER_REQUESTS_PER_MINUTE",
        0,
        parse_count,
        "Requests to the API and the pages that one address may send per minute, counted for all processes "
        "together; 0: no limit.",
    )
    publishes_per_hour: int = variable(
        "TFHUB_SERVER_PUBLISHES_PER_HOUR",
        600,
        parse_count,
        "Uploads that one token may begin or resume per hour, and the same number of measurements that it "
        "may add, counted for all processes together; 0: no limit.",
    )
    measurements_of_others: bool = variable(
        "TFHUB_SERVER_MEASUREMENTS_OF_OTHERS",
        False,
        parse_bool,
        "Whether users who may publish for one publisher may add measurements to models of other publishers.",
    )
    guesses_per_minute: int = variable(
        "TFHUB_SERVER_GUESSES_PER_MINUTE",
        20,
        parse_count,
        "Requests with an unknown token that one address may send per minute, and the same number of "
        "programs that ask to be signed in, counted for all processes together; 0: no limit.",
    )
    predict: bool = variable(
        "TFHUB_SERVER_PREDICT",
        False,
        parse_bool,
        "Whether the hub runs models for people who may read them, in processes without network and rights. "
        "Needs Linux and TensorFlow.",
    )
    predict_processes: int = variable(
        "TFHUB_SERVER_PREDICT_PROCESSES",
        2,
        parse_positive,
        "How many models each server process runs at the same time.",
    )
    predict_seconds: int = variable(
        "TFHUB_SERVER_PREDICT_SECONDS",
        20,
        parse_positive,
        "Time limit for one answer of a model, in seconds.",
    )
    predict_memory: int = variable(
        "TFHUB_SERVER_PREDICT_MEMORY",
        4 * GIB,
        parse_size,
        "Limit of the address space of a process that runs a model, in bytes. TensorFlow itself needs 2 GiB.",
    )
    predict_input: int = variable(
        "TFHUB_SERVER_PREDICT_INPUT", 4 * MIB, parse_size, "Largest input that is sent to a model, in bytes."
    )
    predictions_per_minute: int = variable(
        "TFHUB_SERVER_PREDICTIONS_PER_MINUTE",
        30,
        parse_count,
        "Answers of models per minute for one token, or for one address without a token, counted for all "
        "processes together; 0: no limit.",
    )
    site_name: str = variable(
        "TFHUB_SERVER_SITE_NAME", "TensorFlow Hub", parse_site_name, "The name of this hub on its pages."
    )
    site_logo: str = variable(
        "TFHUB_SERVER_SITE_LOGO",
        "",
        str,
        "PNG, JPEG or SVG file with the logo, of at most 200,000 bytes; it is read when the hub starts.",
    )
    site_contact: str = variable(
        "TFHUB_SERVER_SITE_CONTACT",
        "",
        parse_contact,
        "Contact for readers, linked on every page: a mail address or a URL.",
    )
    site_colour: str = variable(
        "TFHUB_SERVER_SITE_COLOUR",
        "",
        parse_colour,
        "Colour of buttons and links, for example `#1a73e8`. The pages use shades with enough contrast.",
    )
    oidc_issuer: str = variable(
        "TFHUB_SERVER_OIDC_ISSUER",
        "",
        parse_issuer,
        "Issuer of the OpenID Connect provider at which people sign in. Needs the extra `oidc`.",
    )
    oidc_client_id: str = variable(
        "TFHUB_SERVER_OIDC_CLIENT_ID", "", str, "The client id of this hub at the provider."
    )
    oidc_secret_file: str = variable(
        "TFHUB_SERVER_OIDC_SECRET_FILE", "", str, "File with the client secret; empty for a public client."
    )
    oidc_scopes: str = variable(
        "TFHUB_SERVER_OIDC_SCOPES",
        "openid profile email",
        str,
        "The scopes that the hub requests from the provider. Some providers need `groups` here.",
    )
    oidc_domains: tuple[str, ...] = variable(
        "TFHUB_SERVER_OIDC_DOMAINS",
        (),
        parse_domains,
        "Only people with a verified mail address of these domains may sign in; empty: everybody who can "
        "sign in at the provider.",
    )
    oidc_roles: tuple[tuple[str, str, str], ...] = variable(
        "TFHUB_SERVER_OIDC_ROLES",
        (),
        parse_group_roles,
        "Roles for groups of the provider (claim `groups`): `ml-team=acme:publisher, admins=*:owner`.",
    )
    webhook_networks: tuple[str, ...] = variable(
        "TFHUB_SERVER_WEBHOOK_NETWORKS",
        (),
        parse_networks,
        "Private networks, for example `10.0.0.0/8`, that webhooks may use; empty: only public addresses.",
    )
    smtp_host: str = variable(
        "TFHUB_SERVER_SMTP_HOST",
        "",
        str,
        "The mail server that sends mail about events to members of publishers; empty: no mail is sent.",
    )
    smtp_port: int = variable("TFHUB_SERVER_SMTP_PORT", 587, parse_port, "Port of the mail server.")
    smtp_security: str = variable(
        "TFHUB_SERVER_SMTP_SECURITY",
        "starttls",
        one_of("starttls", "tls", "none"),
        "Encryption of the connection to the mail server: `starttls`, `tls` or `none`.",
    )
    smtp_user: str = variable(
        "TFHUB_SERVER_SMTP_USER",
        "",
        str,
        "The user name of this hub at the mail server; empty: the hub does not sign in there.",
    )
    smtp_password_file: str = variable(
        "TFHUB_SERVER_SMTP_PASSWORD_FILE", "", str, "File with the password for the mail server."
    )
    mail_from: str = variable("TFHUB_SERVER_MAIL_FROM", "", str, "The sender address of mail.")
    mail_confirmations_per_hour: int = variable(
        "TFHUB_SERVER_MAIL_CONFIRMATIONS_PER_HOUR",
        10,
        parse_count,
        "Number of addresses per hour to which one user may have confirmation mails sent; 0: no limit.",
    )
    session_hours: int = variable(
        "TFHUB_SERVER_SESSION_HOURS",
        12,
        parse_positive,
        "After how many hours without use a browser is signed out. After 7 days, it is always signed out.",
    )
    metrics: str = variable(
        "TFHUB_SERVER_METRICS",
        "token",
        one_of("token", "public", "off"),
        "Who may read Prometheus metrics at `/metrics`: `token` (tokens that are valid for all publishers), "
        "`public` (everybody) or `off`.",
    )
    log_format: str = variable(
        "TFHUB_SERVER_LOG_FORMAT", "text", one_of("text", "json"), "Format of the log: `text` or `json`."
    )

    @classmethod
    def read(cls, file: str | None = None, environ: Mapping[str, str] | None = None) -> ServerSettings:
        """Reads the settings from a TOML file and from the environment, which has priority.

        Args:
          file: path of the TOML file; None for that in `TFHUB_SERVER_CONFIG`, if it is set.
          environ: the environment; None for that of this process.

        Raises:
          SettingsError: the file cannot be read, a key is unknown, or a value is not valid.

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
        """Whether the environment or the file sets a variable. If not, its value is the default."""
        environ = os.environ if environ is None else environ
        file = file or environ.get("TFHUB_SERVER_CONFIG") or None
        return variable in environ or (file is not None and variable in _from_toml(file))

    @property
    def session_idle_seconds(self) -> int:
        """How many seconds a browser stays signed in without use."""
        return self.session_hours * 3600

    def data_folder(self) -> Path:
        """Returns the folder of the SQLite database and of the store."""
        if self.data:
            return Path(self.data).expanduser().absolute()
        import platformdirs

        return Path(platformdirs.user_data_dir("tensorflow-hub")) / "hub"


def _key(variable: str) -> str:
    """Returns the key in a TOML file for an environment variable.

    >>> _key("TFHUB_SERVER_PORT")
    'port'
    """
    return variable.removeprefix("TFHUB_SERVER_").lower()


def _from_toml(file: str) -> dict[str, str]:
    """Reads a TOML file, and returns its values by environment variable."""
    try:
        with open(file, "rb") as stream:
            values = tomllib.load(stream)
    except (OSError, ValueError) as error:  # a `ValueError` if it is not TOML or not UTF-8
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
