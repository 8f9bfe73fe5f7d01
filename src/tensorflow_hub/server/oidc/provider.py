"""An OpenID Connect provider as the hub talks to it: its endpoints, its keys, a code → who it is of.

The authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636, RFC 9207).
Signatures and claims of ID tokens are checked by joserfc.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import secrets
import threading
import time
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
import urllib3.exceptions

from tensorflow_hub.errors import AuthenticationError, MissingDependencyError, SettingsError
from tensorflow_hub.server.core.problems import Unavailable
from tensorflow_hub.server.settings import ServerSettings

_SECONDS = 10
_LARGEST = 1 << 20
# What the provider says of itself is asked for again after so many seconds; of its keys after a minute at the
# earliest, when a token is signed with one that is not known.
_FRESH, _FRESH_KEYS = 3600, 60
# Signatures that only the provider can make: none of "none", none by a shared secret.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LEEWAY = 60


@dataclasses.dataclass(frozen=True)
class Attempt:
    """A sign-in that has begun: what the provider's answer has to fit. The browser keeps it in a cookie."""

    state: str
    nonce: str
    verifier: str
    goal: str

    @classmethod
    def begin(cls, goal: str) -> Attempt:
        """A new one, which nobody can guess."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, goal)

    def to_text(self) -> str:
        """As the cookie has it."""
        text = json.dumps(dataclasses.astuple(self)).encode()
        return base64.urlsafe_b64encode(text).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> Attempt:
        """Reads the cookie.

        Raises:
          ValueError: it is none of ours.
        """
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not (isinstance(values, list) and len(values) == 4 and all(isinstance(v, str) for v in values)):
            raise ValueError("no attempt")
        return cls(*values)


class Provider:
    """The provider that the settings name.

    Args:
      settings: the issuer, and what the hub is called there.
    """

    def __init__(self, settings: ServerSettings) -> None:
        try:
            import joserfc  # noqa: F401
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                "Signing in by OpenID Connect needs the package joserfc, which is not installed.",
                hint="Run: pip install 'tensorflow-hub[server,oidc]'",
            ) from error
        self.issuer = settings.oidc_issuer
        self._client = settings.oidc_client_id
        self._secret = _read_secret(settings.oidc_secret_file)
        self._scopes = settings.oidc_scopes
        self._lock = threading.Lock()
        self._known: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, Any] | None = None

    def authorization_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where the browser goes to sign in."""
        endpoint = self._endpoint("authorization_endpoint")
        challenge = hashlib.sha256(attempt.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": redirect_uri,
            "scope": self._scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urllib.parse.urlencode(query)}"

    def claims(self, code: str, attempt: Attempt, redirect_uri: str) -> Mapping[str, Any]:
        """What the provider says of the person that it gave a code for.

        Raises:
          AuthenticationError: the provider takes the code for none of its own, or its token does not fit.
          Unavailable: it does not answer.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        methods = self._metadata().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        if self._secret and "client_secret_basic" in methods:
            auth = (urllib.parse.quote(self._client, ""), urllib.parse.quote(self._secret, ""))
        else:
            form |= {"client_id": self._client, **({"client_secret": self._secret} if self._secret else {})}
        status, answer = _ask("POST", self._endpoint("token_endpoint"), data=form, auth=auth)
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            raise _refused(f"the provider answered {status} ({str(answer.get('error'))[:100]!r})")
        return self._checked(token, attempt.nonce)

    def _checked(self, token: str, nonce: str) -> Mapping[str, Any]:
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        try:
            try:
                decoded = jwt.decode(token, self._key_set(), algorithms=list(_ALGORITHMS))
            except InvalidKeyIdError:  # a key that is newer than what is known here
                decoded = jwt.decode(token, self._key_set(_FRESH_KEYS), algorithms=list(_ALGORITHMS))
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self._client},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise _refused(f"its token does not fit: {error}") from error
        claims: Mapping[str, Any] = decoded.claims
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self._client:
            raise _refused("its token is for others too")
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise _refused("its token names nobody")
        return claims

    def _key_set(self, fresh: float = _FRESH) -> Any:
        from joserfc.jwk import KeySet

        with self._lock:
            known = self._keys
        if known is None or time.monotonic() - known[0] > fresh:
            _, keys = _ask("GET", self._endpoint("jwks_uri"))
            known = (time.monotonic(), KeySet.import_key_set({"keys": keys.get("keys", [])}))  # type: ignore[arg-type,unused-ignore]
            with self._lock:
                self._keys = known
        return known[1]

    def _endpoint(self, name: str) -> str:
        url = self._metadata().get(name)
        if not isinstance(url, str) or not url.startswith(("https://", f"{_origin(self.issuer)}/")):
            raise Unavailable(
                f"The provider {self.issuer} names no safe {name}.", hint="Tell the hub's administrator."
            )
        return url

    def _metadata(self) -> Mapping[str, Any]:
        with self._lock:
            known = self._known
        if known is None or time.monotonic() - known[0] > _FRESH:
            status, found = _ask("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if status != 200 or found.get("issuer") != self.issuer:
                raise Unavailable(
                    f"Expected {self.issuer} to describe itself, got status {status} and the issuer "
                    f"{str(found.get('issuer'))[:100]!r}.",
                    hint="Tell the hub's administrator: TFHUB_SERVER_OIDC_ISSUER has to be what it says.",
                )
            known = (time.monotonic(), found)
            with self._lock:
                self._known = known
        return known[1]


def _ask(method: str, url: str, **options: Any) -> tuple[int, Mapping[str, Any]]:
    """Status and JSON object of an answer of the provider; redirects are not followed."""
    try:
        with requests.request(
            method, url, timeout=_SECONDS, allow_redirects=False, stream=True, **options
        ) as answer:
            body = answer.raw.read(_LARGEST + 1, decode_content=True)
            value = json.loads(body) if len(body) <= _LARGEST else None
            return answer.status_code, value if isinstance(value, dict) else {}
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(
            "The provider that people sign in with does not answer.", hint="Try again in a moment."
        ) from error
    except ValueError:  # it is no JSON
        return answer.status_code, {}


def _read_secret(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip() if path else ""
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"Expected a readable file at {path!r} (TFHUB_SERVER_OIDC_SECRET_FILE): {error}.",
            hint="It holds the client secret that the provider gave, in one line.",
        ) from error


def _origin(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _refused(why: str) -> AuthenticationError:
    return AuthenticationError(f"The sign-in failed: {why}.", hint="Sign in again.")
