"""The environment variables of the library, the command line and the tools.

Each field of `Settings` has the name and the description of its variable. `docs/settings.md` has the same
table, and a test compares them. The settings of a hub are in `server/settings.py`.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.setting_values import (
    from_environment,
    parse_bool,
    parse_certificate,
    parse_count,
    parse_hub_url,
    parse_load_format,
    parse_mirrors,
    parse_optional_bool,
    parse_path,
    parse_paths,
    parse_seconds,
    parse_size,
    variable,
)


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of one process, read once where they are needed."""

    hub: str = variable(
        "TFHUB_URL",
        "http://127.0.0.1:8500",
        parse_hub_url,
        "The hub for handles without a host (`publisher/model/version`), for `search` and for `publish`.",
    )
    cache_dir: str = variable(
        "TFHUB_CACHE_DIR",
        "",
        parse_path,
        "The cache of downloaded modules: a path, `file:///…`, or `gs://…`, `s3://…`, `az://…` for a cache "
        "that machines share; default: `tfhub_modules` in the system's temporary folder.",
    )
    token: str = variable("TFHUB_TOKEN", "", str, "The token for the hub in `TFHUB_URL`.")
    offline: bool = variable(
        "TFHUB_OFFLINE",
        False,
        parse_bool,
        "1 makes no network requests: cached handles work, others fail at once.",
    )
    load_format: str = variable(
        "TFHUB_MODEL_LOAD_FORMAT",
        "AUTO",
        parse_load_format,
        "`COMPRESSED` downloads archives, `UNCOMPRESSED` single files from the store that the hub names, "
        "`AUTO` archives, and files if the hub has no archive.",
    )
    download_progress: bool | None = variable(
        "TFHUB_DOWNLOAD_PROGRESS",
        None,
        parse_optional_bool,
        "1 shows progress (a bar on a terminal, else lines), 0 never; default: only a bar on a terminal.",
    )
    cache_readonly: tuple[str, ...] = variable(
        "TFHUB_CACHE_READONLY",
        (),
        parse_paths,
        "Read-only caches that are searched after the cache of `TFHUB_CACHE_DIR`; separated as in `PATH`.",
    )
    mirrors: tuple[tuple[str, tuple[str, ...]], ...] = variable(
        "TFHUB_MIRRORS",
        (),
        parse_mirrors,
        "The places of handles with a prefix, which are tried in order: "
        "`https://tfhub.dev/ -> https://hub.example/, https://other.example/; /old/path -> /new/path; …`.",
    )
    import_hook: bool = variable(
        "TFHUB_IMPORT_HOOK",
        True,
        parse_bool,
        "Whether `hub.KerasLayer` is registered with Keras when Keras is imported after this library. With "
        "0, import Keras first, or use `hub.KerasLayer` once before you load a saved model.",
    )
    lockfile: str = variable(
        "TFHUB_LOCKFILE",
        "",
        parse_path,
        "The lock file with the digests of handles; default: `tfhub.lock` in the working directory, if it "
        "exists.",
    )
    trust: str = variable(
        "TFHUB_TRUST",
        "",
        parse_path,
        "The trust file with the keys that modules have to be signed with; default: `tfhub.trust` in the "
        "working directory, if it exists.",
    )
    key_passphrase: str = variable(
        "TFHUB_KEY_PASSPHRASE",
        "",
        str,
        "The passphrase of the private key for `tfhub sign` and `tfhub publish --sign`; if it is not set, "
        "they ask for it.",
    )
    disable_cert_validation: bool = variable(
        "TFHUB_DISABLE_CERT_VALIDATION",
        False,
        parse_bool,
        "1 accepts any TLS certificate. Only for tests: others in the network can then replace a module.",
    )
    ca_bundle: str = variable(
        "TFHUB_CA_BUNDLE",
        "",
        parse_path,
        "The only certificate authorities to trust: a PEM file, or a folder in OpenSSL's format. Default: "
        "those in `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` and `SSL_CERT_DIR`, or else those "
        "of the system.",
    )
    client_cert: str = variable(
        "TFHUB_CLIENT_CERT",
        "",
        parse_certificate,
        "A PEM file with the client's certificate and key, or two files separated by a comma.",
    )
    credentials: str = variable(
        "TFHUB_CREDENTIALS",
        "",
        parse_path,
        "The file in which `tfhub login` stores tokens; default: `tfhub/credentials.json` in the user's "
        "configuration folder.",
    )
    connect_timeout: float = variable(
        "TFHUB_CONNECT_TIMEOUT", 10.0, parse_seconds, "The longest wait for a connection, in seconds."
    )
    read_timeout: float = variable(
        "TFHUB_READ_TIMEOUT",
        20.0,
        parse_seconds,
        "The longest wait for the next bytes of a response, in seconds. Then the request is repeated, with "
        "twice the time.",
    )
    stall_timeout: float = variable(
        "TFHUB_STALL_TIMEOUT",
        60.0,
        parse_seconds,
        "After how many seconds without progress a download fails, including repeated requests.",
    )
    download_timeout: float = variable(
        "TFHUB_DOWNLOAD_TIMEOUT",
        86_400.0,
        parse_seconds,
        "The longest time of a whole download, in seconds.",
    )
    retries: int = variable(
        "TFHUB_RETRIES",
        5,
        parse_count,
        "How often a failed request is repeated, also after answers such as 429 and 503.",
    )
    connections: int = variable(
        "TFHUB_CONNECTIONS",
        8,
        parse_count,
        "How many parts of an archive are downloaded at once; for single files, three times as many.",
    )
    max_module_bytes: int = variable(
        "TFHUB_MAX_MODULE_SIZE",
        100 * 1000**3,
        parse_size,
        "The largest size of a module, unpacked, for example `20GB`.",
    )
    max_files: int = variable(
        "TFHUB_MAX_FILES", 100_000, parse_count, "The largest number of files in a module."
    )

    feature_cache: str = variable(
        "TFHUB_FEATURE_CACHE",
        "",
        parse_path,
        "The folder of the tools' feature cache; default: `features` in the user's cache folder.",
    )
    feature_cache_size: int = variable(
        "TFHUB_FEATURE_CACHE_SIZE",
        10 * 1000**3,
        parse_size,
        "The largest size of the feature cache; features that were not used for the longest time are deleted "
        "first.",
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads the settings from `environ`; by default from the process's environment and absl flags.

        Raises:
          SettingsError: a variable has an invalid value. The message has its name and the value.

        >>> Settings.from_environment({"TFHUB_OFFLINE": "1"}).offline
        True
        """
        if environ is None:
            environ = {**os.environ, **_flag_values()}
        return from_environment(cls, environ)


# absl flag → the variable whose place it takes.
_FLAGS = {"tfhub_cache_dir": "TFHUB_CACHE_DIR", "tfhub_model_load_format": "TFHUB_MODEL_LOAD_FORMAT"}


def define_flags() -> None:
    """Defines the flags of this library for programs that parse their command line with absl.

    Called when the package is imported, if absl was imported before, for example by TensorFlow. absl is not
    imported for this, because most programs do not use it.
    """
    absl_flags: Any = sys.modules.get("absl.flags")
    if absl_flags is None or "tfhub_cache_dir" in absl_flags.FLAGS:
        return
    absl_flags.DEFINE_string("tfhub_cache_dir", None, "The cache of downloaded modules; see TFHUB_CACHE_DIR.")
    absl_flags.DEFINE_enum(
        "tfhub_model_load_format",
        None,
        ["AUTO", "COMPRESSED", "UNCOMPRESSED"],
        "How modules are downloaded; see TFHUB_MODEL_LOAD_FORMAT.",
        case_sensitive=False,
    )


def _flag_values() -> dict[str, str]:
    """Returns the absl flags that the program got on its command line, as values of variables."""
    absl_flags: Any = sys.modules.get("absl.flags")
    if absl_flags is None or "tfhub_cache_dir" not in absl_flags.FLAGS or not absl_flags.FLAGS.is_parsed():
        return {}
    values = {variable: absl_flags.FLAGS[flag].value for flag, variable in _FLAGS.items()}
    return {variable: value for variable, value in values.items() if value is not None}
