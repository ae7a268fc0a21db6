"""What we ask of the provider: where things are, its keys, and a token for a code. Nothing is followed elsewhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from pipeline.access.oidc.config import OidcConfig, safe_address
from pipeline.access.oidc.jws import UnknownKey, verified
from pipeline.clock import Clock
from pipeline.errors import NightjarError

DISCOVERED_S = 3600.0
KEYS_S = 600.0
KEYS_AGAIN_S = 30.0
"""A token with a key that is not known has the keys read again, at most so often."""
TIMEOUT_S = 10.0
LONGEST = 1 << 20


class ProviderFault(NightjarError):  # noqa: N818
    """The provider does not answer, or not as OpenID Connect demands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the provider has what we need."""

    authorization: str
    token: str
    keys: str


class Provider:
    """One provider. `transport` is for tests; without it, httpx's own."""

    def __init__(self, config: OidcConfig, *, clock: Clock, transport: httpx.BaseTransport | None = None) -> None:
        self.config = config
        self._clock = clock
        self._client = httpx.Client(transport=transport, timeout=TIMEOUT_S, follow_redirects=False, trust_env=True)
        self._lock = threading.Lock()
        self._places: tuple[float, Places] | None = None
        self._keys: tuple[float, list[dict[str, Any]]] | None = None

    def close(self) -> None:
        self._client.close()

    def places(self) -> Places:
        """Discovered once an hour. Raises ProviderFault."""
        with self._lock:
            if self._places is None or self._clock.monotonic() - self._places[0] > DISCOVERED_S:
                self._places = (self._clock.monotonic(), self._discover())
            return self._places[1]

    def id_claims(self, *, code: str, verifier: str) -> dict[str, Any]:
        """The claims of the ID token for a code; signed by the provider, nothing else of them is checked yet.

        Raises:
            ProviderFault: it gives no token. BadToken: the token is not its own.
        """
        token = self._id_token(code=code, verifier=verifier)
        try:
            return verified(token, self._known_keys(fresh_s=KEYS_S), algorithms=self.config.algorithms)
        except UnknownKey:
            return verified(token, self._known_keys(fresh_s=KEYS_AGAIN_S), algorithms=self.config.algorithms)

    def _discover(self) -> Places:
        address = f"{self.config.issuer.rstrip('/')}/.well-known/openid-configuration"
        told = self._json(self._client.build_request("GET", address))
        if told.get("issuer") != self.config.issuer:
            raise ProviderFault(f"the provider calls itself {str(told.get('issuer'))[:100]!r}, not as configured")
        found = {
            name: str(told.get(key, ""))
            for name, key in (
                ("authorization", "authorization_endpoint"), ("token", "token_endpoint"), ("keys", "jwks_uri"),
            )
        }  # fmt: skip
        for name, address in found.items():
            if not safe_address(address):
                raise ProviderFault(f"the provider gives no https address for its {name}")
        return Places(**found)

    def _id_token(self, *, code: str, verifier: str) -> str:
        config = self.config
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": config.redirect_uri,
            "client_id": config.client_id, "code_verifier": verifier,
        }  # fmt: skip
        auth = None if config.client_secret is None else httpx.BasicAuth(config.client_id, config.client_secret)
        request = self._client.build_request("POST", self.places().token, data=form)
        answer = self._json(request, auth=auth)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderFault("the provider gave no ID token")
        return token

    def _known_keys(self, *, fresh_s: float) -> Sequence[Mapping[str, Any]]:
        address = self.places().keys
        with self._lock:
            if self._keys is None or self._clock.monotonic() - self._keys[0] > fresh_s:
                told = self._json(self._client.build_request("GET", address)).get("keys")
                keys = [key for key in told if isinstance(key, dict)] if isinstance(told, list) else []
                self._keys = (self._clock.monotonic(), keys)
            return self._keys[1]

    def _json(self, request: httpx.Request, *, auth: httpx.Auth | None = None) -> dict[str, Any]:
        try:
            answer = self._client.send(request, auth=auth, stream=True)
            try:
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > LONGEST:
                        raise ProviderFault("the provider's answer is too long")
            finally:
                answer.close()
            value = json.loads(body) if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderFault(f"the provider does not answer: {type(error).__name__}") from None
        if not isinstance(value, dict):
            raise ProviderFault(f"the provider answers {answer.status_code}")
        return value
