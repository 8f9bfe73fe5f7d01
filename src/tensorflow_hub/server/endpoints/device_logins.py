"""`/api/v1/device-logins` and `/device`: `tfhub login` waits until a user signs it in with a browser.

After RFC 8628: the program gets a secret and a code; it shows the code, and asks with the secret until it has
a token. A person who is signed in opens `/device`, compares the code, and says what the token may do.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api import answers
from tensorflow_hub.api.forms import DeviceAnswer
from tensorflow_hub.api.requests import DeviceSecret, NewDeviceLogin, NewToken
from tensorflow_hub.server.catalogue.device_logins import (
    DENIED,
    GRANTED,
    PENDING,
    SECONDS,
    DeviceLogin,
    add_login,
    find_by_code,
    find_by_secret,
    record_answer,
    remove_login,
)
from tensorflow_hub.server.catalogue.tokens import new_secret
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.limits import UNKNOWN_TOKENS, source_of
from tensorflow_hub.server.core.problems import Malformed, Missing, TooManyRequests
from tensorflow_hub.server.endpoints.account import signed_in_caller
from tensorflow_hub.server.people.tokens import make_own_token
from tensorflow_hub.server.web import device_pages

# How many seconds a program waits between two requests.
_INTERVAL = 3
_NEVER_STORED = {"Cache-Control": "no-store"}


def start_login(call: Call, body: NewDeviceLogin) -> Answer[answers.DeviceLogin]:
    """Adds a waiting program, and returns its secret and its code."""
    if not body.name.isprintable():
        raise Malformed(
            f"Expected a name of printable characters, got {body.name!r}.", hint="For example 'ci'."
        )
    with call.hub.database.writing() as connection:
        added = add_login(connection, body.name, call.caller.address)
    if added is None:
        raise TooManyRequests("programs that wait to be signed in, from everywhere", SECONDS)
    login, secret = added
    waiting: answers.DeviceLogin = {
        "device_code": secret,
        "user_code": login.user_code,
        "verification_uri": f"{call.base}/device",
        "verification_uri_complete": f"{call.base}/device?code={login.user_code}",
        "expires_in": SECONDS,
        "interval": _INTERVAL,
    }
    return Answer(waiting, 201, _NEVER_STORED)


def take_token(call: Call, body: DeviceSecret) -> Answer[answers.DeviceAnswer]:
    """Tells a program whether a user has signed it in, and returns the token once."""
    with call.hub.database.writing() as connection:
        login = find_by_secret(connection, body.device_code)
        if login is None:
            raise Missing("Nobody waits with this code, or not any more.", hint="Begin again: `tfhub login`.")
        if login.state == PENDING:
            return Answer({"state": PENDING, "secret": None}, 200, _NEVER_STORED)
        secret = None
        if remove_login(connection, login) and login.token_id is not None:
            secret = new_secret(connection, login.token_id)
    return Answer({"state": login.state, "secret": secret}, 200, _NEVER_STORED)


def show_device(request: Request) -> Response:
    """Returns the page with the form for a code, or with the program that has the given code."""
    caller = signed_in_caller(request)
    code = request.query_params.get("code", "")[:100]
    login = None
    if code:
        with hub_of(request).database.reading() as connection:
            login = find_by_code(connection, code)
        if login is None:
            hub_of(request).limits.count(UNKNOWN_TOKENS, source_of(caller.address))
    return device_pages.device(request, caller, code, login)


def answer_device(call: Call, fields: DeviceAnswer) -> Response:
    """Makes a token for the waiting program, or refuses access, as the user chose."""
    answered = _answer(call, fields)
    if answered is None:
        # After the transaction: the limits are in the same database, which SQLite locks for one writer.
        call.hub.limits.count(UNKNOWN_TOKENS, source_of(call.caller.address))
        raise Missing("No program waits with this code.", hint="Start `tfhub login` again.")
    login, is_allowed = answered
    return device_pages.answered(call.request, login, allowed=is_allowed)


def _answer(call: Call, fields: DeviceAnswer) -> tuple[DeviceLogin, bool] | None:
    """Returns the program that was answered, and whether it was allowed; None if none waits with the code."""
    days = int(fields.days) if fields.days else None
    with call.hub.database.writing() as connection:
        login = find_by_code(connection, fields.code)
        if login is None:
            return None
        token_id = None
        if fields.answer == "allow":
            wanted = NewToken(login.name, fields.scope, fields.publisher or None, days)
            token_id = make_own_token(connection, call.caller, wanted)[0].id
        if not record_answer(connection, login, DENIED if token_id is None else GRANTED, token_id):
            raise Missing("Somebody answered this program already.", hint="Start `tfhub login` again.")
    return login, token_id is not None
