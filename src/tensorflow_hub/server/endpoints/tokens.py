"""`/api/v1/tokens`: make, list and revoke tokens."""

from __future__ import annotations

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import NewToken, OfToken, WithinPublisher
from tensorflow_hub.server.catalogue import tokens
from tensorflow_hub.server.catalogue.records import Token
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import iso, iso_or_none
from tensorflow_hub.server.endpoints.publisher_of import own_or_asked
from tensorflow_hub.server.people import tokens as people


def show_own_token(call: Call) -> Answer[answers.Token]:
    """Returns the rights of the token of the request."""
    assert call.caller.token is not None
    return Answer(_json(call.caller.token))


def list_tokens(call: Call, query: WithinPublisher) -> Answer[answers.Tokens]:
    """Returns the tokens of a publisher (`?publisher=`) for its owners, or all tokens for administrators."""
    publisher = own_or_asked(call, {"query": query})
    with call.hub.database.reading() as connection:
        found = tokens.list_tokens(connection, publisher)
    return Answer({"tokens": [_json(token) for token in found]})


def create_token(call: Call, body: NewToken) -> Answer[answers.TokenWithSecret]:
    """Makes a token. Only this answer has its secret."""
    with call.hub.database.writing() as connection:
        token, secret = people.make_token(connection, call.caller, body)
    return Answer({**_json(token), "secret": secret}, 201)


def revoke_token(call: Call, path: OfToken) -> Answer[None]:
    """Revokes a token."""
    with call.hub.database.writing() as connection:
        people.revoke(connection, call.caller, path.token)
    return Answer(None, 204)


def _json(token: Token) -> answers.Token:
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope,
        "publisher": token.publisher,
        "created_at": iso(token.created_at),
        "created_by": token.created_by,
        "expires_at": iso_or_none(token.expires_at),
        "revoked_at": iso_or_none(token.revoked_at),
        "used_at": iso_or_none(token.used_at),
    }
