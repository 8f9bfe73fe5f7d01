"""`/api/v1/tokens`: make, list and revoke tokens; ask what one's own may do."""

from __future__ import annotations

import time

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import NewToken, OfToken, WithinPublisher
from tensorflow_hub.errors import HandleError
from tensorflow_hub.handles import is_publisher_name
from tensorflow_hub.server.catalogue import tokens
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.records import Token
from tensorflow_hub.server.catalogue.writing import ensure_publisher
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.core.rights import has_scope
from tensorflow_hub.server.endpoints.publisher_of import own_or_asked

SECONDS_PER_DAY = 86400


def show_own_token(call: Call) -> Answer[answers.Token]:
    """What the token of the request may do."""
    assert call.caller.token is not None
    return Answer(_json(call.caller.token))


def list_tokens(call: Call, query: WithinPublisher) -> Answer[answers.Tokens]:
    """The tokens of a publisher (`?publisher=`), for its owner; all of them, for an administrator."""
    publisher = own_or_asked(call, {"query": query})
    with call.hub.database.reading() as connection:
        found = tokens.list_tokens(connection, publisher)
    return Answer({"tokens": [_json(token) for token in found]})


def create_token(call: Call, body: NewToken) -> Answer[answers.TokenWithSecret]:
    """Makes a token; its secret is in this answer and nowhere else."""
    caller, publisher = call.caller, body.publisher
    if publisher is not None and not is_publisher_name(publisher):
        raise HandleError(f"Expected the name of a publisher, got {publisher!r}.", hint="For example 'acme'.")
    if body.scope not in tokens.SCOPES or not body.name.isprintable():
        raise Malformed(
            f"Expected a name of printable characters and a scope of {', '.join(tokens.SCOPES)}, "
            f"got {body.name!r} and {body.scope!r}.",
            hint="For example {'name': 'ci', 'scope': 'publish', 'publisher': 'acme'}.",
        )
    expires_at = None if body.days is None else int(time.time()) + body.days * SECONDS_PER_DAY
    with call.hub.database.writing() as connection:
        publisher_id = ensure_publisher(connection, publisher).id if publisher else None
        token_id, secret = tokens.create_token(
            connection, body.name, body.scope, publisher_id, created_by=caller.name, expires_at=expires_at
        )
        noted = {"name": body.name, "scope": body.scope}
        add_entry(connection, caller.name, caller.address, "token.create", publisher or "", **noted)
        token = tokens.get_token(connection, token_id)
    assert token is not None
    return Answer({**_json(token), "secret": secret}, 201)


def revoke_token(call: Call, path: OfToken) -> Answer[None]:
    """Makes a token useless."""
    caller = call.caller
    with call.hub.database.writing() as connection:
        token = tokens.get_token(connection, path.token) if path.token < 2**63 else None
        if token is None or not _may_revoke(caller, token):
            # One answer for both: it does not tell whose tokens there are.
            raise Missing(
                f"There is no token number {path.token} that yours may revoke.",
                hint="List them: `tfhub token list`.",
            )
        tokens.revoke_token(connection, token.id)
        add_entry(
            connection, caller.name, caller.address, "token.revoke", token.publisher or "", name=token.name
        )
    return Answer(None, 204)


def _may_revoke(caller: Caller, token: Token) -> bool:
    """The owner may, an administrator, and everybody their own."""
    is_own = caller.token is not None and caller.token.id == token.id
    return is_own or has_scope(caller, tokens.ADMIN, token.publisher)


def _json(token: Token) -> answers.Token:
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
