"""`tfhub publish --sign`, `tfhub sign`, `tfhub verify`: a release is signed, and read with the key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hub_content import card, module, module_with
from hub_process import HubProcess

from tensorflow_hub.cli.main import main
from tensorflow_hub.signing.keys import new_private_key


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with HubProcess(tmp_path_factory.mktemp("hub") / "data") as running:
        yield running


@pytest.fixture
def run(hub, tmp_path, monkeypatch, capsys):
    """Runs the command in a folder with two keys, of which `release.pem` is one of the publisher."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFHUB_URL", hub.url)
    monkeypatch.setenv("TFHUB_TOKEN", hub.token)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    new_private_key("release.pem")
    new_private_key("other.pem")

    def call(*words):
        capsys.readouterr()  # what a command that was refused has said
        main(list(words))
        return capsys.readouterr().out.strip()

    return call


def published(run, publisher, *options, files=None):
    """A version whose publisher has the key `release.pem`."""
    Path("card.md").write_text(card(f"{publisher}/words/1"))
    Path("other.md").write_text(card(f"{publisher}/other/1"))
    run("publish", str(module()), "--card", "other.md")
    run("keys", "add", publisher, "release.pem", "--name", "releases")
    run("publish", str(files or module()), "--card", "card.md", *options)
    return f"{publisher}/words/1"


def trust(hub, publisher, key):
    rule = {"hub": hub.url, "publisher": publisher, "keys": [key]}
    Path("tfhub.trust").write_text(json.dumps({"format": 1, "rules": [rule]}))


def test_a_release_is_signed_as_it_is_published_and_pulled_under_a_policy(run, hub):
    handle = published(run, "acme", "--sign", "release.pem")
    trust(hub, "acme", run("keys", "show", "release.pem"))
    assert "yes" in run("verify", handle)
    assert Path(run("pull", f"{hub.url}/{handle}")).is_dir()
    trust(hub, "acme", run("keys", "show", "other.pem"))
    for verb in ("pull", "verify"):
        with pytest.raises(SystemExit, match="1"):
            run(verb, f"{hub.url}/{handle}")


@pytest.mark.parametrize("options", [(), ("--files", "module"), ("--files", "module.tar.gz")], ids=str)
def test_a_version_is_signed_later(run, hub, options, tmp_path, capsys):
    from archived_modules import tar_gz

    publisher = f"later{len(str(options))}"
    files = module_with(tmp_path / "module", b"later")
    Path("module.tar.gz").write_bytes(tar_gz(files))
    handle = published(run, publisher, files=files)
    with pytest.raises(SystemExit, match="1"):
        run("verify", handle)
    printed = capsys.readouterr()
    assert f"Expected {handle} to be signed by a key of its publisher, got no signature." in printed.err
    assert "pinned" not in printed.out
    trust(hub, publisher, run("keys", "show", "release.pem"))
    run("sign", handle, "--key", "release.pem", *options)
    answer = json.loads(run("verify", f"{hub.url}/{handle}", "--json"))
    assert answer["enough"]
    [signature] = answer["signatures"]
    assert signature["pinned"]
    assert signature["problem"] == ""
    assert signature["name"] == "releases"


def test_an_archive_is_signed_as_it_is_published(run, hub, tmp_path):
    from archived_modules import tar_gz

    Path("module.tar.gz").write_bytes(tar_gz(module()))
    handle = published(run, "archived", "--sign", "release.pem", files="module.tar.gz")
    assert json.loads(run("verify", handle, "--json"))["enough"]


def test_other_files_are_not_signed(run, hub, tmp_path):
    handle = published(run, "others")
    with pytest.raises(SystemExit, match="6"):
        run("sign", handle, "--key", "release.pem", "--files", str(module_with(tmp_path / "m", b"evil")))
    with pytest.raises(SystemExit, match="1"):
        run("sign", handle, "--key", "other.pem")
    with pytest.raises(SystemExit, match="2"):
        run("sign", handle, "--key", "release.pem", "--deployment", "tflite")


def test_verify_takes_keys_and_says_what_the_hub_revoked(run, hub, capsys):
    handle = published(run, "revoking", "--sign", "release.pem")
    key, other = run("keys", "show", "release.pem"), run("keys", "show", "other.pem")
    assert json.loads(run("verify", handle, "--key", key, "--json"))["enough"]
    with pytest.raises(SystemExit, match="1"):
        run("verify", handle, "--key", other)
    told = f"Expected {handle} to be signed by a key that you trust, got 1 signature, but no sufficient one."
    assert told in capsys.readouterr().err
    [listed] = json.loads(run("keys", "list", "revoking", "--json"))["keys"]
    run("keys", "revoke", "revoking", listed["id"])
    with pytest.raises(SystemExit, match="1"):
        run("verify", handle, "--key", key)
