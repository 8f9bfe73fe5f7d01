"""`tfhub keys`: make, show, register, list and revoke, on a real hub."""

from __future__ import annotations

import json

import pytest
from private_hub import private_hub

from tensorflow_hub.cli.main import main
from tensorflow_hub.signing.keys import PublicKey, is_encrypted


def test_keys_are_made_registered_and_revoked(tmp_path, monkeypatch, capsys):
    with private_hub(tmp_path / "data", "sqlite") as hub:
        monkeypatch.setenv("TFHUB_URL", hub.url)
        monkeypatch.setenv("TFHUB_TOKEN", hub.token)

        def run(*words):
            main(["keys", *words])
            return capsys.readouterr().out.strip()

        path = str(tmp_path / "release.pem")
        public = run("new", path)
        assert run("show", path) == public
        run("add", "hidden", path, "--name", "releases")
        listed = run("list", "hidden")
        assert "releases" in listed
        assert public in listed
        with pytest.raises(SystemExit, match="6"):
            run("add", "hidden", public)
        run("revoke", "hidden", PublicKey.parse(public).id)
        [key] = json.loads(run("list", "hidden", "--json"))["keys"]
        assert key["revoked_at"]
        assert key["public_key"] == public
        with pytest.raises(SystemExit, match="3"):
            run("revoke", "hidden", "0" * 16)


def test_an_encrypted_key_takes_its_passphrase_from_the_environment(tmp_path, monkeypatch, capsys):
    path = str(tmp_path / "release.pem")
    monkeypatch.setenv("TFHUB_KEY_PASSPHRASE", "correct horse")
    main(["keys", "new", path, "--encrypt"])
    public = capsys.readouterr().out
    assert is_encrypted(path)
    main(["keys", "show", path])
    assert capsys.readouterr().out == public
    monkeypatch.setenv("TFHUB_KEY_PASSPHRASE", "battery")
    with pytest.raises(SystemExit, match="2"):
        main(["keys", "show", path])
    assert "TFHUB_KEY_PASSPHRASE" in capsys.readouterr().err


def test_a_key_file_is_never_overwritten(tmp_path, capsys):
    path = tmp_path / "release.pem"
    path.write_text("mine")
    with pytest.raises(SystemExit, match="2"):
        main(["keys", "new", str(path)])
    assert path.read_text() == "mine"
