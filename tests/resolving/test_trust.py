"""`tfhub.trust`: nothing loads that is not signed by a pinned key, wherever it comes from."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
from archived_modules import make_module
from patience import until_flushed

from tensorflow_hub.errors import OfflineError, SettingsError, TrustError
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.handles import ModelName
from tensorflow_hub.resolving.cache.bundle import export_bundle, import_bundle
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule
from tensorflow_hub.resolving.resolve import resolve, resolve_module
from tensorflow_hub.resolving.trust_file import load_trust_file
from tensorflow_hub.settings import Settings
from tensorflow_hub.signing.envelope import sign_statement
from tensorflow_hub.signing.keys import new_private_key
from tensorflow_hub.signing.statement import statement_now

NAME = ModelName("acme", "text", 1)


class Project:
    """A folder with a trust file, a hub with a module, and keys."""

    def __init__(self, hub, module, folder, monkeypatch):
        self.hub, self.module, self.folder = hub, module, folder
        self.key = new_private_key(folder / "key.pem")
        self.other = new_private_key(folder / "other.pem")
        self.cache = folder / "cache"
        self.path = folder / "tfhub.trust"
        self.handle = hub.publish("acme/text/1", module)
        self.digest = write_archive(module, folder / "packed").digest
        self.envelopes = []
        self.revoked = None
        hub.behave = self._behave
        monkeypatch.setenv("TFHUB_TRUST", str(self.path))
        monkeypatch.setenv("TFHUB_CACHE_DIR", str(self.cache))
        self.trust(self.key)

    def trust(self, *keys, hub=None, publisher="acme", **more):
        rule = {"hub": hub or self.hub.url, "publisher": publisher, "keys": [str(k.public) for k in keys]}
        self.path.write_text(json.dumps({"format": 1, "rules": [rule], **more}))

    def sign(self, key=None, name=NAME, kind="saved_model", digest=None):
        statement = statement_now(name, kind, digest or self.digest, "")
        self.envelopes.append(sign_statement(statement, key or self.key).to_text())
        return self.envelopes[-1]

    def asked(self):
        return [path for path in self.hub.paths() if "inside=signatures" in path]

    def _behave(self, request, number):
        if "inside=signatures" not in request.path:
            return False
        key = {"revoked_at": self.revoked}
        body = json.dumps({"signatures": [{"key": key, "envelope": text} for text in self.envelopes]})
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body.encode())
        return True


@pytest.fixture
def project(hub, module, tmp_path, monkeypatch):
    return Project(hub, module, tmp_path, monkeypatch)


def test_a_signed_module_loads_and_its_signature_stays_with_it(project, monkeypatch):
    project.sign()
    path = resolve(project.handle)
    assert len(project.asked()) == 1
    project.hub.clear_requests()
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    assert resolve(project.handle) == path
    assert project.hub.paths() == []


def test_without_a_trust_file_nothing_is_asked(project, monkeypatch):
    monkeypatch.delenv("TFHUB_TRUST")
    monkeypatch.chdir(project.folder / "module")
    found = resolve_module(project.handle)
    assert project.asked() == []
    assert b"signatures" not in (project.cache / f"{found.path}.manifest.json").read_bytes()


def test_a_trust_file_in_the_working_directory_holds(project, monkeypatch):
    monkeypatch.delenv("TFHUB_TRUST")
    monkeypatch.chdir(project.folder)
    with pytest.raises(TrustError, match=r"key that 'tfhub.trust' trusts \(.*\), got no signature"):
        resolve(project.handle)


@pytest.mark.parametrize(
    ("change", "got"),
    [
        (lambda p: None, "got no signature"),
        (lambda p: p.sign(p.other), "which is not one of them"),
        (lambda p: p.sign(name=ModelName("acme", "text", 2)), "a signature of acme/text/2"),
        (lambda p: p.sign(name=ModelName("acme", "other", 1)), "a signature of acme/other/1"),
        (lambda p: p.sign(name=ModelName("evil", "text", 1)), "a signature of evil/text/1"),
        (lambda p: p.sign(kind="tflite"), "a signature of its deployment 'tflite'"),
        (lambda p: p.sign(digest="sha256:" + "0" * 64), "a signature of other content"),
        (lambda p: p.envelopes.append("{}"), "a broken signature"),
        (lambda p: p.envelopes.append(p.sign(p.other).replace(p.other.public.id, p.key.public.id)), "key"),
        (lambda p: (p.sign(), setattr(p, "revoked", "2026-01-01T00:00:00Z")), "got no signature"),
        (lambda p: p.envelopes.extend(["x" * 3_000_000]), "got no signature"),
    ],
    ids=[
        "none",
        "key",
        "version",
        "model",
        "publisher",
        "kind",
        "content",
        "broken",
        "id",
        "revoked",
        "huge",
    ],
)
def test_modules_without_the_required_signature_are_not_loaded_and_leave_nothing(project, change, got):
    change(project)
    with pytest.raises(TrustError, match=got) as caught:
        resolve(project.handle)
    assert "tfhub verify" in caught.value.hint
    assert [path.name for path in project.cache.iterdir() if not path.name.startswith(".")] == []


def test_one_good_signature_among_bad_ones_is_enough(project):
    project.envelopes.append("junk")
    project.sign(project.other)
    project.sign()
    assert resolve(project.handle)


def test_other_content_under_a_signed_name_is_refused(project):
    project.sign()
    changed = make_module(project.folder / "changed", seed=7)
    project.hub.publish("acme/text/1", changed)
    with pytest.raises(TrustError, match="a signature of other content"):
        resolve(project.handle)


def test_an_index_with_wrong_files_is_found(project):
    """Segments fit the index, and the index the signature; the files on disk are what counts."""
    project.sign()
    changed = make_module(project.folder / "changed", seed=7)
    index = write_archive(changed, project.folder / "lying")
    honest = write_archive(project.module, project.folder / "honest")
    project.hub.publish("acme/text/1", changed)
    true = {file.path: file.sha256 for file in honest.files}
    files = tuple(dataclasses.replace(file, sha256=true[file.path]) for file in index.files)
    lies = dataclasses.replace(index, files=files)
    project.hub.indexes["/acme/text/1"] = lies.to_json()
    with pytest.raises(TrustError, match="a signature of other content"):
        resolve(project.handle)
    assert [path.name for path in project.cache.iterdir() if not path.name.startswith(".")] == []


def test_a_cached_module_is_checked_when_a_policy_comes_later(project, monkeypatch):
    monkeypatch.delenv("TFHUB_TRUST")
    path = resolve(project.handle)
    monkeypatch.setenv("TFHUB_TRUST", str(project.path))
    with pytest.raises(TrustError, match="got no signature"):
        resolve(project.handle)
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    with pytest.raises(TrustError, match="got no signature"):
        resolve(project.handle)
    monkeypatch.delenv("TFHUB_OFFLINE")
    project.sign()
    assert resolve(project.handle) == path
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    assert resolve(project.handle) == path


def test_a_byte_changed_in_the_cache_is_found(project, monkeypatch):
    project.sign()
    path = resolve_module(project.handle).path
    file = project.cache.joinpath(path, "saved_model.pb")
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.write_bytes(content)
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    with pytest.raises(TrustError, match="a signature of other content"):
        resolve(project.handle)


def test_a_file_added_in_the_cache_is_found(project):
    project.sign()
    path = resolve(project.handle)
    project.cache.joinpath(path, "more.txt").write_text("more")
    with pytest.raises(TrustError, match="a signature of other content"):
        resolve(project.handle)


def test_removing_the_key_from_the_file_forbids_what_is_cached(project):
    project.sign()
    resolve(project.handle)
    project.trust(project.other)
    with pytest.raises(TrustError, match="which is not one of them"):
        resolve(project.handle)
    project.trust()
    with pytest.raises(TrustError, match=r"trusts \(none\)"):
        resolve(project.handle)


def test_an_unversioned_handle_needs_a_signature_of_the_version_it_leads_to(project):
    project.hub.latest["/acme/text"] = "/acme/text/1"
    project.sign()
    with pytest.raises(TrustError, match="a signature of acme/text/1"):
        resolve(f"{project.hub.url}/acme/text")  # this server does not say which version that is


def test_the_lock_file_and_the_trust_file_both_hold(project, monkeypatch):
    lock = project.folder / "tfhub.lock"
    lock.write_text(json.dumps({"format": 1, "modules": {project.handle: {"digest": project.digest}}}))
    monkeypatch.setenv("TFHUB_LOCKFILE", str(lock))
    with pytest.raises(TrustError, match="got no signature"):
        resolve(project.handle)
    project.sign()
    assert resolve(project.handle)


def test_a_mirror_is_asked_for_signatures_of_the_requested_name(project, hub, monkeypatch):
    asked = "https://hub.example/acme/text/1"
    monkeypatch.setenv("TFHUB_MIRRORS", f"https://hub.example -> {hub.url}")
    project.trust(project.key, hub="https://hub.example")
    with pytest.raises(TrustError, match="got no signature"):
        resolve(asked)
    project.sign()
    assert resolve(asked)


def test_a_mirror_without_signatures_is_skipped(project, hub, monkeypatch):
    hub.publish("bare/acme/text/1", project.module)
    behave = hub.behave
    hub.behave = lambda request, n: "/bare/" not in request.path and behave(request, n)
    monkeypatch.setenv("TFHUB_MIRRORS", f"https://hub.example -> {hub.url}/bare, {hub.url}")
    project.trust(project.key, hub="https://hub.example")
    project.sign()
    assert resolve_module("https://hub.example/acme/text/1").manifest.source.startswith(f"{hub.url}/acme")


def test_a_read_only_cache_and_a_bundle_carry_signatures(project, tmp_path, monkeypatch):
    project.sign()
    found = resolve_module(project.handle)
    bundle = tmp_path / "bundle.tar"
    export_bundle([CachedModule(found.path, found.manifest)], str(bundle))
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "empty"))
    with pytest.raises(OfflineError, match="is not in the cache"):
        resolve(project.handle)
    monkeypatch.setenv("TFHUB_CACHE_READONLY", str(project.cache))
    assert resolve(project.handle) == found.path
    monkeypatch.delenv("TFHUB_CACHE_READONLY")
    import_bundle(str(bundle), Cache(str(tmp_path / "empty")), Settings.from_environment())
    assert resolve(project.handle).startswith(str(tmp_path / "empty"))


def test_a_bundle_that_was_made_without_a_policy_is_refused_offline(project, tmp_path, monkeypatch):
    monkeypatch.delenv("TFHUB_TRUST")
    found = resolve_module(project.handle)
    export_bundle([CachedModule(found.path, found.manifest)], str(tmp_path / "bundle.tar"))
    until_flushed()
    shutil.rmtree(project.cache)
    import_bundle(str(tmp_path / "bundle.tar"), Cache(str(project.cache)), Settings.from_environment())
    monkeypatch.setenv("TFHUB_TRUST", str(project.path))
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    with pytest.raises(TrustError, match="got no signature"):
        resolve(project.handle)


@pytest.mark.parametrize(
    "spelling",
    ["{}/acme/text/1?a=b", "{}/acme//text/1", "{}/%61cme/text/1", "{}/ACME/text/1", "{}/x/../acme/text/1"],
)
def test_no_other_spelling_of_a_handle_goes_around_a_rule(project, spelling):
    project.trust(project.key, others="allow")
    paths = ("/acme//text/1", "/%61cme/text/1", "/ACME/text/1", "/x/../acme/text/1")
    project.hub.files |= dict.fromkeys(paths, project.hub.files["/acme/text/1"])
    with pytest.raises(TrustError, match="got no signature|Expected publisher/model"):
        resolve(spelling.format(project.hub.url))


def test_handles_without_a_rule_are_refused_unless_the_file_allows_them(project):
    project.trust(project.key, publisher="other")
    with pytest.raises(TrustError, match="Expected a handle that a rule of .* is about"):
        resolve(project.handle)
    project.trust(project.key, publisher="other", others="allow")
    assert resolve(project.handle)


def test_a_rule_for_a_publisher_comes_before_that_for_all(project):
    rules = [
        {"hub": project.hub.url, "publisher": "*", "keys": []},
        {"hub": project.hub.url, "publisher": "acme", "unsigned": True},
    ]
    project.path.write_text(json.dumps({"format": 1, "rules": rules}))
    assert resolve(project.handle)
    other = project.hub.publish("beta/text/1", project.module)
    with pytest.raises(TrustError, match="got no signature"):
        resolve(other)


def test_a_directory_of_the_user_needs_no_signature(project):
    assert resolve(project.module) == str(project.module)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("[", "Expecting value"),
        ("[]", "'list' object"),
        ({"format": 2, "rules": []}, "its format is 2"),
        ({"format": 1}, "it has no 'rules'"),
        ({"format": 1, "rules": [], "othres": "allow"}, "unknown field 'othres'"),
        ({"format": 1, "rules": [], "others": "Allow"}, "\"others\" is 'Allow'"),
        ({"format": 1, "rules": [{"hub": "h", "publisher": "p"}]}, 'needs either "keys"'),
        ({"format": 1, "rules": [{"hub": "h", "publisher": "p", "keys": [], "unsigned": True}]}, "either"),
        ({"format": 1, "rules": [{"hub": "h", "publisher": "p", "unsigned": 1}]}, "either"),
        ({"format": 1, "rules": [{"hub": "h", "publisher": "p", "keys": "x"}]}, '"keys" is a list'),
        ({"format": 1, "rules": [{"hub": "h", "publisher": "p", "keys": ["x"]}]}, "a public key such as"),
        ({"format": 1, "rules": [{"hub": "h", "publisher": "p", "keys": []}] * 2}, "two rules"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_broken_trust_file_stops_everything(project, value, reason):
    project.sign()
    resolve(project.handle)
    project.path.write_text(value if isinstance(value, str) else json.dumps(value))
    with pytest.raises(SettingsError, match="is not a trust file") as caught:
        resolve(project.handle)
    assert reason in caught.value.problem


def test_a_trust_file_that_is_named_has_to_be_there(project):
    project.path.unlink()
    with pytest.raises(SettingsError, match=r"cannot be read: No such file"):
        load_trust_file(Settings.from_environment())
