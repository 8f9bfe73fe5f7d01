"""A client of an OpenID Connect provider: authorization URL, exchange of the code, checks of the ID token.

It uses the authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636, RFC 9207).
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

_TIMEOUT_SECONDS = 10
# The most simultaneous requests to the provider, and how long further ones wait. Otherwise a provider that
# hangs would block all threads of the hub.
_AT_ONCE, _TURN_SECONDS = threading.BoundedSemaphore(8), 2
_MAX_ANSWER_BYTES = 1 << 20
# How long the provider's metadata and keys are cached, in seconds. If a token is signed with an unknown key,
# the hub asks for the keys again, but not more often than once in the second number.
_CACHE_SECONDS, _UNKNOWN_KEY_SECONDS = 3600, 60
# Signatures with a private key of the provider. "none" and shared secrets (HS256) are not accepted.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LEEWAY = 60


@dataclasses.dataclass(frozen=True)
class SignInAttempt:
    """A sign-in that has begun. The browser keeps it in a cookie, and the provider's answer has to match it.

    Attributes:
      state: returned by the provider in the redirect, so that the redirect belongs to this browser.
      nonce: returned in the ID token, so that the token belongs to this attempt.
      verifier: the PKCE code verifier.
      goal: the page that the browser goes to afterwards.
    """

    state: str
    nonce: str
    verifier: str
    goal: str

    @classmethod
    def begin(cls, goal: str) -> SignInAttempt:
        """Returns a new attempt with random values."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, goal)

    def to_text(self) -> str:
        """Returns the value of the cookie."""
        text = json.dumps(dataclasses.astuple(self)).encode()
        return base64.urlsafe_b64encode(text).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> SignInAttempt:
        """Reads the value of the cookie.

        Raises:
          ValueError: it was not written by this hub.
        """
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not (isinstance(values, list) and len(values) == 4 and all(isinstance(v, str) for v in values)):
            raise ValueError(f"Expected four strings, got {values!r:.200}.")
        return cls(*values)


class Provider:
    """The OpenID Connect provider of the settings.

    Args:
      settings: the issuer, and the client id and secret of the hub there.

    Raises:
      MissingDependencyError: joserfc is not installed.
      SettingsError: the file with the client secret cannot be read.
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
        self._cached_metadata: tuple[float, Mapping[str, Any]] | None = None
        self._cached_keys: tuple[float, Any] | None = None

    def authorization_url(self, attempt: SignInAttempt, redirect_uri: str) -> str:
        """Returns the URL at which the user signs in; the provider then redirects to `redirect_uri`."""
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

    def claims(self, code: str, attempt: SignInAttempt, redirect_uri: str) -> Mapping[str, Any]:
        """Exchanges an authorization code for an ID token, and returns the verified claims of the token.

        Raises:
          AuthenticationError: the provider refuses the code, or the token is not valid for this attempt.
          Unavailable: the provider does not answer.
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
        return self._verified_claims(token, attempt.nonce)

    def _verified_claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        try:
            try:
                decoded = jwt.decode(token, self._key_set(), algorithms=list(_ALGORITHMS))
            except InvalidKeyIdError:  # the provider may have a new key
                decoded = jwt.decode(token, self._key_set(_UNKNOWN_KEY_SECONDS), algorithms=list(_ALGORITHMS))
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
            raise _refused(f"the ID token of the provider is not valid: {error}") from error
        claims: Mapping[str, Any] = decoded.claims
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self._client:
            raise _refused("the ID token of the provider is for another client")
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise _refused("the ID token of the provider has no valid subject (sub)")
        return claims

    def _key_set(self, max_age: float = _CACHE_SECONDS) -> Any:
        from joserfc.jwk import KeySet

        with self._lock:
            cached = self._cached_keys
        if cached is None or time.monotonic() - cached[0] > max_age:
            _, keys = _ask("GET", self._endpoint("jwks_uri"))
            cached = (time.monotonic(), KeySet.import_key_set({"keys": keys.get("keys", [])}))  # type: ignore[arg-type,unused-ignore]
            with self._lock:
                self._cached_keys = cached
        return cached[1]

    def _endpoint(self, name: str) -> str:
        url = self._metadata().get(name)
        if not isinstance(url, str) or not url.startswith(("https://", f"{_origin(self.issuer)}/")):
            raise Unavailable(
                f"Expected an https URL as {name} of the provider {self.issuer}, got {str(url)[:200]!r}.",
                hint="Tell the hub's administrator.",
            )
        return url

    def _metadata(self) -> Mapping[str, Any]:
        with self._lock:
            cached = self._cached_metadata
        if cached is None or time.monotonic() - cached[0] > _CACHE_SECONDS:
            status, found = _ask("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if status != 200 or found.get("issuer") != self.issuer:
                raise Unavailable(
                    f"Expected metadata of the provider {self.issuer}, got status {status} and the issuer "
                    f"{str(found.get('issuer'))[:100]!r}.",
                    hint="Tell the hub's administrator: TFHUB_SERVER_OIDC_ISSUER has to be the exact issuer.",
                )
            cached = (time.monotonic(), found)
            with self._lock:
                self._cached_metadata = cached
        return cached[1]


def _ask(method: str, url: str, **options: Any) -> tuple[int, Mapping[str, Any]]:
    """Sends a request to the provider, without following redirects.

    Returns:
      The status, and the JSON object of the answer; {} if it is not a JSON object.
    """
    no_answer = Unavailable(
        "The identity provider of this hub does not answer.", hint="Try again in a moment."
    )
    if not _AT_ONCE.acquire(timeout=_TURN_SECONDS):
        raise no_answer
    try:
        with requests.request(
            method, url, timeout=_TIMEOUT_SECONDS, allow_redirects=False, stream=True, **options
        ) as answer:
            body = answer.raw.read(_MAX_ANSWER_BYTES + 1, decode_content=True)
            value = json.loads(body) if len(body) <= _MAX_ANSWER_BYTES else None
            return answer.status_code, value if isinstance(value, dict) else {}
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise no_answer from error
    except ValueError:  # not JSON
        return answer.status_code, {}
    finally:
        _AT_ONCE.release()


def _read_secret(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip() if path else ""
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"Expected a readable file at {path!r} (TFHUB_SERVER_OIDC_SECRET_FILE): {error}.",
            hint="Write the client secret of the provider into it, in one line.",
        ) from error


def _origin(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _refused(why: str) -> AuthenticationError:
    return AuthenticationError(f"The sign-in failed: {why}.", hint="Sign in again.")
