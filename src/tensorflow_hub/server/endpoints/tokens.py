"""`/api/v1/tokens`: make, list and revoke tokens; ask what one's own may do."""

from __future__ import annotations

import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.errors import HandleError
from tensorflow_hub.handles import is_publisher_name
from tensorflow_hub.server.catalogue import tokens
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.records import Token
from tensorflow_hub.server.catalogue.writing import ensure_publisher
from tensorflow_hub.server.core.callers import Caller, caller_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.core.requests import field, no_other_fields, read_json
from tensorflow_hub.server.core.rights import has_scope, require_admin, require_owner, require_token

SECONDS_PER_DAY = 86400
_LONGEST_DAYS = 3650


def show_own_token(request: Request) -> Response:
    """What the token of the request may do."""
    caller = caller_of(request)
    require_token(caller)
    assert caller.token is not None
    return JSONResponse(_facts(caller.token), headers={"Cache-Control": "no-store"})


def list_tokens(request: Request) -> Response:
    """The tokens of a publisher (`?publisher=`), for its owner; all of them, for an administrator."""
    caller = caller_of(request)
    publisher = request.query_params.get("publisher")
    if publisher is None and caller.token is not None:
        publisher = caller.token.publisher
    _require(caller, publisher)
    with hub_of(request).database.reading() as connection:
        found = tokens.list_tokens(connection, publisher)
    return JSONResponse({"tokens": [_facts(token) for token in found]}, headers={"Cache-Control": "no-store"})


async def create_token(request: Request) -> Response:
    """Makes a token; its secret is in this answer and nowhere else."""
    caller = await run_in_threadpool(caller_of, request)
    body = await read_json(request)
    no_other_fields(body, "name", "scope", "publisher", "days")
    return await run_in_threadpool(_create, request, caller, body)


def revoke_token(request: Request) -> Response:
    """Makes a token useless."""
    caller = caller_of(request)
    require_token(caller)
    token_id = request.path_params["token"]
    with hub_of(request).database.writing() as connection:
        token = tokens.get_token(connection, token_id) if token_id < 2**63 else None
        if token is None or not _may_revoke(caller, token):
            # One answer for both: it does not tell whose tokens there are.
            raise Missing(
                f"There is no token number {token_id} that yours may revoke.",
                hint="List them: `tfhub token list`.",
            )
        tokens.revoke_token(connection, token.id)
        add_entry(
            connection, caller.name, caller.address, "token.revoke", token.publisher or "", name=token.name
        )
    return Response(status_code=204)


def _create(request: Request, caller: Caller, body: dict[str, Any]) -> Response:
    name, scope = field(body, "name", str), field(body, "scope", str)
    publisher = body.get("publisher")
    if publisher is not None and not (isinstance(publisher, str) and is_publisher_name(publisher)):
        raise HandleError(f"Expected the name of a publisher, got {publisher!r}.", hint="For example 'acme'.")
    if scope not in tokens.SCOPES or not 0 < len(name) <= 100 or not name.isprintable():
        raise Malformed(
            f"Expected a name of up to 100 printable characters and a scope of {', '.join(tokens.SCOPES)}.",
            hint="For example {'name': 'ci', 'scope': 'publish', 'publisher': 'acme'}.",
        )
    _require(caller, publisher)
    expires_at = _expiry(body)
    with hub_of(request).database.writing() as connection:
        publisher_id = ensure_publisher(connection, publisher).id if publisher else None
        token_id, secret = tokens.create_token(
            connection, name, scope, publisher_id, created_by=caller.name, expires_at=expires_at
        )
        add_entry(
            connection, caller.name, caller.address, "token.create", publisher or "", name=name, scope=scope
        )
        token = tokens.get_token(connection, token_id)
    assert token is not None
    return JSONResponse({**_facts(token), "secret": secret}, 201, headers={"Cache-Control": "no-store"})


def _may_revoke(caller: Caller, token: Token) -> bool:
    """The owner may, an administrator, and everybody their own."""
    is_own = caller.token is not None and caller.token.id == token.id
    return is_own or has_scope(caller, tokens.ADMIN, token.publisher)


def _require(caller: Caller, publisher: str | None) -> None:
    if publisher is None:
        require_admin(caller)
    else:
        require_owner(caller, publisher)


def _expiry(body: dict[str, Any]) -> int | None:
    if body.get("days") is None:
        return None
    days = field(body, "days", int)
    if not 0 < days <= _LONGEST_DAYS:
        raise Malformed(
            f"Expected days from 1 to {_LONGEST_DAYS}, got {days}.", hint="Leave it out for ever."
        )
    return int(time.time()) + days * SECONDS_PER_DAY


def _facts(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope,
        "publisher": token.publisher,
        "created_at": iso(token.created_at),
        "created_by": token.created_by,
        "expires_at": iso(token.expires_at) if token.expires_at else None,
        "revoked_at": iso(token.revoked_at) if token.revoked_at else None,
    }
