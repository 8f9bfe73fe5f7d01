"""A cache in a bucket that machines share, on a real S3 server."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from tensorflow_hub.format.archive.file_digests import file_entries
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.handles import ModelName
from tensorflow_hub.progress import ignore_progress
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule, key_of
from tensorflow_hub.resolving.limits import manifest_of
from tensorflow_hub.resolving.remote_cache import put_to_remote, take_from_remote
from tensorflow_hub.resolving.resolve import resolve
from tensorflow_hub.resolving.transfer.job import Job
from tensorflow_hub.resolving.transfer.object_store import RemoteDirectory
from tensorflow_hub.resolving.transfer.progress import DownloadProgress
from tensorflow_hub.resolving.trust_file import Requirement
from tensorflow_hub.settings import Settings
from tensorflow_hub.signing.envelope import sign_statement
from tensorflow_hub.signing.keys import new_private_key
from tensorflow_hub.signing.statement import statement_now

HANDLE = "https://hub.example/acme/words/1"
pytestmark = pytest.mark.services


@pytest.fixture
def remote(seaweedfs, monkeypatch, new_name):
    for name, value in seaweedfs.environment.items():
        monkeypatch.setenv(name, value)
    return f"{seaweedfs.new_place(new_name())}/cache"


@pytest.fixture
def module(tmp_path):
    (tmp_path / "module/variables").mkdir(parents=True)
    (tmp_path / "module/saved_model.pb").write_bytes(b"graph")
    (tmp_path / "module/variables/variables.index").write_bytes(b"index")
    files = file_entries(tmp_path / "module")
    return CachedModule(str(tmp_path / "module"), manifest_of(HANDLE, "https://hub.example", files, None))


def take(remote, target, required=None):
    job = Job(
        HANDLE,
        str(target),
        Cache(str(target)),
        Settings(),
        DownloadProgress("", ignore_progress),
        resolve=None,
        required=required,
    )
    return take_from_remote(remote, job)


def test_stored_modules_are_used(remote, module, tmp_path):
    assert take(remote, tmp_path / "before") is None
    put_to_remote(remote, module)
    assert take(remote, tmp_path / "after") == dataclasses.replace(module.manifest, source=remote)
    assert (tmp_path / "after/files/variables/variables.index").read_bytes() == b"index"


def test_a_manifest_that_claims_another_digest_is_not_believed(remote, module, tmp_path):
    """A lock file is compared with the digest: whoever writes to the bucket must not choose it."""
    put_to_remote(remote, module)
    claimed = dataclasses.replace(module.manifest, digest=f"sha256:{'0' * 64}")
    RemoteDirectory(remote).write(f"{key_of(HANDLE)}.manifest.json", claimed.to_json())
    assert take(remote, tmp_path / "taken") is None


def test_signatures_lie_with_a_module_and_are_verified_when_it_is_taken(remote, module, tmp_path):
    """Whoever writes to the bucket chooses the manifest, and cannot choose who signed."""
    key, other = (new_private_key(tmp_path / f"{name}.pem") for name in ("key", "other"))
    required = Requirement.of_name("acme/words/1", (key.public,))

    def signed(by, name="acme/words/1", digest=module.manifest.digest):
        statement = statement_now(ModelName.parse(name), "saved_model", digest, "")
        return sign_statement(statement, by).to_text()

    good = signed(key)
    unfit = [signed(other), signed(key, name="acme/words/2"), signed(key, digest=f"sha256:{'0' * 64}"), "{}"]
    for number, texts in enumerate([(), *((text,) for text in unfit), tuple(unfit)]):
        put_to_remote(
            remote, CachedModule(module.path, dataclasses.replace(module.manifest, signatures=texts))
        )
        assert take(remote, tmp_path / f"unfit {number}", required) is None
        assert not (tmp_path / f"unfit {number}" / "files").exists()
        assert take(remote, tmp_path / f"not required {number}") is not None
    manifest = dataclasses.replace(module.manifest, signatures=(unfit[0], good))
    put_to_remote(remote, CachedModule(module.path, manifest))
    assert take(remote, tmp_path / "good", required) == dataclasses.replace(manifest, source=remote)
    # Other bytes under a manifest that fits them: the signature is of those before.
    RemoteDirectory(remote).write(f"{key_of(HANDLE)}/saved_model.pb", b"other")
    changed = tmp_path / "changed"
    (changed / "variables").mkdir(parents=True)
    (changed / "saved_model.pb").write_bytes(b"other")
    (changed / "variables/variables.index").write_bytes(b"index")
    forged = manifest_of(HANDLE, "https://hub.example", file_entries(changed), None)
    forged = dataclasses.replace(forged, signatures=(good,))
    RemoteDirectory(remote).write(f"{key_of(HANDLE)}.manifest.json", forged.to_json())
    assert take(remote, tmp_path / "forged", required) is None
    assert take(remote, tmp_path / "forged, not required") is not None


def test_large_files_go_in_parts_and_come_back(remote, module, tmp_path):
    block = os.urandom(1 << 20)
    (tmp_path / "module/variables/variables.data-00000-of-00001").write_bytes(block * 40)
    large = CachedModule(
        module.path, manifest_of(HANDLE, "https://hub.example", file_entries(tmp_path / "module"), None)
    )
    put_to_remote(remote, large)
    assert take(remote, tmp_path / "after") == dataclasses.replace(large.manifest, source=remote)


def test_a_handle_is_a_directory_or_an_archive_in_a_bucket(remote, module, tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "own"))
    files = {file.path: (tmp_path / "module" / file.path).read_bytes() for file in module.manifest.files}
    for path, content in files.items():
        RemoteDirectory(remote).write(f"words/{path}", content)
    write_archive(tmp_path / "module", tmp_path / "words.tar.gz")
    RemoteDirectory(remote).write("words.tar.gz", str(tmp_path / "words.tar.gz"))
    for handle in (f"{remote}/words", f"{remote}/words.tar.gz"):
        resolved = Path(resolve(handle))
        assert {path: (resolved / path).read_bytes() for path in files} == files
    RemoteDirectory(remote).write("words/saved_model.pb", b"another graph")
    assert (Path(resolve(f"{remote}/words")) / "saved_model.pb").read_bytes() == b"another graph"
