"""`tfhub verify`: tell who signed a version, and whether that is enough."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.cli.hub_handles import hub_of, require_name, without_hub
from tensorflow_hub.errors import FormatError, HubError, TrustError
from tensorflow_hub.settings import Settings

if TYPE_CHECKING:
    from tensorflow_hub.resolving.trust_file import Requirement


@dataclasses.dataclass(frozen=True)
class _Line:
    """A signature: by which key it is, how the hub calls that, and what is wrong with it ("" for nothing)."""

    key: str
    name: str
    signed_at: str
    pinned: bool
    problem: str


@click.command()
@click.argument("handle")
@click.option("--key", "texts", metavar="KEY", multiple=True, help="A public key that you trust: ed25519:….")
@options.HUB
@options.JSON
def command(handle: str, texts: tuple[str, ...], hub: str | None, as_json: bool) -> None:
    """Tell who signed the version HANDLE: it is fetched, all of it is read, and each signature verified here.

    Exit code 1 when no key that you trust signed it: those of --key, else of tfhub.trust. Without either,
    the keys are those that the hub names: this tells what the hub says, not whom to trust.

    \b
    Examples:
      tfhub verify acme/text-embedding/2
      tfhub verify acme/text-embedding/2 --key ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
    """
    from tensorflow_hub.resolving.resolve import resolve_module
    from tensorflow_hub.resolving.signatures import digest_of
    from tensorflow_hub.resolving.trust_file import Requirement, required_of
    from tensorflow_hub.signing.keys import PublicKey

    require_name(handle)
    settings = Settings.from_environment()
    hub = hub or hub_of(handle) or settings.hub
    found = resolve_module(
        f"{hub.rstrip('/')}/{without_hub(handle, hub)}", settings, locked=False, trusted=False
    )
    name = without_hub(found.handle, hub)
    required = required_of(found.handle, settings)
    pinned = tuple(PublicKey.parse(text) for text in texts) or (required.keys if required else ())
    entries = _entries(name, hub, settings, found.manifest.signatures if found.manifest else ())
    digest = digest_of(found.path)
    lines = [_line(entry, Requirement.of_name(name, pinned), digest) for entry in entries]
    is_enough = any(not line.problem and (line.pinned or not (texts or required)) for line in lines)
    if as_json:
        signatures = [dataclasses.asdict(line) for line in lines]
        output.result_json({"handle": name, "digest": digest, "enough": is_enough, "signatures": signatures})
    else:
        output.result(f"{found.handle}  {digest}")
        _show(lines)
    if not is_enough:
        signer = "a key that you trust" if pinned else "a key of its publisher"
        got = f"{output.counted(len(lines), 'signature')}, but no sufficient one" if lines else "no signature"
        raise TrustError(
            f"Expected {name} to be signed by {signer}, got {got}.",
            hint="Ask its publisher to sign it: `tfhub sign`.",
        )


def _show(lines: Sequence[_Line]) -> None:
    rows = [
        (line.key, line.name, line.signed_at, "yes" if line.pinned else "no", line.problem or "good")
        for line in lines
    ]
    if rows:
        output.table(rows, ("key", "name", "signed", "pinned", "signature"))


def _entries(name: str, hub: str, settings: Settings, kept: Sequence[str]) -> list[Mapping[str, Any]]:
    """The signatures that the hub has, with its word on their keys; else those kept with the module."""
    from tensorflow_hub.client.signing import show_signatures

    if not settings.offline:
        with contextlib.suppress(HubError):
            return list(show_signatures(name, hub=hub)["signatures"])
    return [{"envelope": text, "key": {}} for text in kept]


def _line(entry: Mapping[str, Any], required: Requirement, digest: str) -> _Line:
    from tensorflow_hub.resolving.signatures import problem_of
    from tensorflow_hub.signing.envelope import Envelope
    from tensorflow_hub.signing.keys import PublicKey
    from tensorflow_hub.signing.statement import Statement

    said, text = entry["key"], entry["envelope"]
    keys = required.keys
    with contextlib.suppress(FormatError, KeyError):
        keys = (*keys, PublicKey.parse(said["public_key"]))
    problem = problem_of(text, dataclasses.replace(required, keys=keys), digest)
    if said.get("revoked_at"):
        problem = f"its key is revoked since {said['revoked_at'][:10]}"
    signer, signed_at = None, ""
    with contextlib.suppress(FormatError):
        envelope = Envelope.from_text(text)
        signer = envelope.signer(keys)
        signed_at = Statement.from_bytes(envelope.payload).signed_at
    key = signer.id if signer else ""
    return _Line(key, said.get("name", ""), signed_at, signer in required.keys, problem)
