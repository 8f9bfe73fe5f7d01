"""`tfhub token create`: what is good for everybody's models is said, never a default."""

from __future__ import annotations

import pytest

from tensorflow_hub.cli.main import main


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Say whom the token is good for"),
        (["--scope", "read"], "Say whom the token is good for"),
        (["--publisher", "acme", "--all-publishers"], "Say whom the token is good for"),
        (["--all-publishers"], "needs a --scope: read, publish, admin"),
    ],
)
def test_a_token_for_all_publishers_is_never_made_by_default(options, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["token", "create", "ci", *options])
    assert message in capsys.readouterr().err
