"""Authorization code flow with PKCE (RFC 6749, RFC 7636, OpenID Connect Core 3.1): begun here, ended here, once.

A begun sign-in is known by `state` and by a cookie of the browser that began it, so that nobody can be signed in with
somebody else's code; it is forgotten after ten minutes and at its first use, good or bad.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pipeline.access.faults import AccessRefused
from pipeline.access.oidc.config import Grant, OidcConfig
from pipeline.access.oidc.jws import BadToken
from pipeline.access.oidc.provider import Provider
from pipeline.clock import Clock

BEGUN_S = 600.0
MOST_BEGUN = 2_000
REFUSED = "the provider did not sign you in, or not for here"
STRONG = frozenset({"mfa", "otp", "hwk", "swk", "fpt", "face", "sc"})
"""RFC 8176: ways of signing in that take more than a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody whom the provider vouches for, and what they may be here."""

    issuer: str
    subject: str
    name: str
    grant: Grant | None
    second_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where to send the browser, and the value of the cookie that it must bring back."""

    address: str
    browser: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    browser_hash: str
    nonce: str
    verifier: str
    after: str
    until: float


class Flow:
    """Sign-ins at one provider."""

    def __init__(self, provider: Provider, *, clock: Clock) -> None:
        self.provider = provider
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: dict[str, _Pending] = {}

    @property
    def config(self) -> OidcConfig:
        return self.provider.config

    def begin(self, *, after: str) -> Begun:
        """`after` is the page to go to in the end. Raises ProviderFault."""
        config, places = self.config, self.provider.places()
        state, nonce, browser = (secrets.token_urlsafe(32) for _ in range(3))
        verifier = secrets.token_urlsafe(48)
        now = self._clock.monotonic()
        with self._lock:
            self._pending = {key: one for key, one in self._pending.items() if one.until > now}
            while len(self._pending) >= MOST_BEGUN:  # oldest first; who was pushed out begins again
                del self._pending[next(iter(self._pending))]
            self._pending[state] = _Pending(
                browser_hash=_hash(browser), nonce=nonce, verifier=verifier, after=after, until=now + BEGUN_S
            )
        query = {
            "response_type": "code", "client_id": config.client_id, "redirect_uri": config.redirect_uri,
            "scope": " ".join(config.scopes), "state": state, "nonce": nonce,
            "code_challenge": challenge(verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        joined = "&" if "?" in places.authorization else "?"
        return Begun(address=f"{places.authorization}{joined}{urlencode(query)}", browser=browser)

    def end(self, *, state: str, code: str, browser: str, issuer: str | None) -> tuple[Identity, str]:
        """Whom the provider vouches for, and the page to go to.

        Raises:
            AccessRefused: the sign-in was not begun by this browser, is over, or the token is not for us.
            ProviderFault: the provider does not answer as it should.
        """
        with self._lock:
            begun = self._pending.pop(state, None)
        if begun is None or self._clock.monotonic() > begun.until:
            raise AccessRefused("this sign-in was used or has run out; begin again")
        if not hmac.compare_digest(begun.browser_hash, _hash(browser)):
            raise AccessRefused("this sign-in was begun in another browser; begin again")
        if issuer is not None and issuer != self.config.issuer:  # RFC 9207
            raise AccessRefused(REFUSED)
        try:
            claims = self.provider.id_claims(code=code, verifier=begun.verifier)
            self._check(claims, nonce=begun.nonce)
        except BadToken as error:
            raise AccessRefused(f"{REFUSED}: {error}") from None
        return self._identity(claims), begun.after

    def _check(self, claims: Mapping[str, Any], *, nonce: str) -> None:
        """OpenID Connect Core 3.1.3.7."""
        config, now = self.config, self._clock.utc()
        audience = claims.get("aud")
        meant = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != config.issuer:
            raise BadToken("another issuer")
        if config.client_id not in meant or (len(meant) > 1 and claims.get("azp") != config.client_id):
            raise BadToken("meant for another client")
        if "azp" in claims and claims["azp"] != config.client_id:
            raise BadToken("given to another client")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise BadToken("the nonce is not ours")
        if _seconds(claims, "exp") <= now - config.skew_s:
            raise BadToken("it has run out")
        if _seconds(claims, "iat") > now + config.skew_s or _seconds(claims, "nbf", 0.0) > now + config.skew_s:
            raise BadToken("it is of a time to come; check the clocks")
        if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
            raise BadToken("it names nobody")

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        config = self.config
        told = claims.get(config.role_claim)
        groups = [told] if isinstance(told, str) else told if isinstance(told, list) else []
        grant = next((one for one in config.grants if one.value in groups), None)
        ways = claims.get("amr")
        strong = STRONG.intersection(one for one in ways if isinstance(one, str)) if isinstance(ways, list) else set()
        return Identity(
            issuer=config.issuer, subject=claims["sub"], name=str(claims.get(config.name_claim, "")), grant=grant,
            second_factor=bool(strong),
        )  # fmt: skip


def challenge(verifier: str) -> str:
    """RFC 7636, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _seconds(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"{name} is missing")
    return float(value)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
