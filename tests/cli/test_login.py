"""`tfhub login` as a user calls it, in processes of its own."""

from __future__ import annotations

from command_line import tfhub
from hub_server import send_status


def test_login_keeps_a_token_that_only_its_host_gets(hub, handle, module, tmp_path):
    seen = []

    def behave(request, number):
        seen.append((request.path.partition("?")[0], request.headers.get("Authorization")))
        if request.path.startswith("/api/v1/tokens/self"):
            good = request.headers.get("Authorization") == "Bearer s3cret"
            send_status(
                request, 200 if good else 401, b'{"name": "laptop", "scope": "write"}' if good else b""
            )
            return True
        if request.path.startswith("/acme/away"):
            send_status(request, 302, Location=f"http://localhost:{hub.url.rpartition(':')[2]}/acme/text/1")
            return True
        return False

    hub.behave = behave
    file = tmp_path / "config" / "credentials.json"
    credentials = {"TFHUB_CREDENTIALS": str(file)}
    assert "wants to know who asks" in tfhub(
        "login", hub.url, "--token-stdin", text="wrong\n", code=5, **credentials
    )
    assert not file.exists()
    asked = len(hub.requests)
    tfhub("login", hub.url, "--token-stdin", text="unknown\n", TFHUB_OFFLINE="1", **credentials)
    assert len(hub.requests) == asked
    tfhub("login", hub.url, "--token-stdin", text="s3cret\n", **credentials)
    assert file.stat().st_mode & 0o777 == 0o600
    seen.clear()
    tfhub("pull", f"{hub.url}/acme/away/1", **credentials)
    assert ("/acme/away/1", "Bearer s3cret") in seen
    assert {token for path, token in seen if path == "/acme/text/1"} == {None}
    tfhub("login", hub.url, "--forget", **credentials)
    assert "s3cret" not in file.read_text()
    assert "There is no token for" in tfhub("login", hub.url, "--forget", **credentials)
    assert "Expected the URL of a hub, got 'hub example'" in tfhub(
        "login", "hub example", "--token-stdin", text="s3cret\n", code=1, **credentials
    )
