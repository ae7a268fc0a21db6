"""What an OpenID Connect provider is told to us to be: a TOML file beside the service, read once.

It is not part of the site file: whoever may set up cameras must not thereby say who has which role. It makes no
administrator: those are made by `nightjar account` or by another administrator, so that a mistake at the provider, or
whoever runs it, does not own the site.
"""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.errors import BadInput
from pipeline.secrets import Secrets

Algorithm = Literal["RS256", "PS256", "ES256", "EdDSA"]
BACK = "/api/v1/session/oidc/back"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Grant(Part):
    """Who has `value` in the role claim gets this role; `cameras` absent means all. The first that fits counts."""

    value: Annotated[str, Field(min_length=1, max_length=200)]
    role: Literal["viewer", "operator", "installer", "auditor"]
    cameras: tuple[str, ...] | None = None


class OidcConfig(Part):
    """`issuer` as the provider writes it, to the letter; `public_url` where browsers reach this service.

    Without `client_secret` we are a public client, which PKCE alone protects. `skew_s` is how far clocks may differ.
    """

    issuer: Annotated[str, Field(max_length=300)]
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    client_secret: Annotated[str | None, Field(repr=False)] = None
    public_url: Annotated[str, Field(max_length=300)]
    name: Annotated[str, Field(min_length=1, max_length=40)] = "single sign-on"
    scopes: tuple[str, ...] = ("openid", "profile")
    name_claim: str = "preferred_username"
    role_claim: str = "groups"
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "PS256", "ES256", "EdDSA")
    skew_s: Annotated[float, Field(ge=0, le=300)] = 60.0
    grants: Annotated[tuple[Grant, ...], Field(min_length=1)]

    @field_validator("issuer", "public_url")
    @classmethod
    def _address(cls, text: str) -> str:
        if not safe_address(text) or urlsplit(text).query or urlsplit(text).fragment:
            raise ValueError("an https address without ? and # (http only on loopback)")
        return text

    @field_validator("scopes")
    @classmethod
    def _openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("openid has to be among the scopes")
        return scopes

    @property
    def redirect_uri(self) -> str:
        """The one address that the provider may send browsers back to."""
        return self.public_url.rstrip("/") + BACK


def read_oidc(path: Path, secrets: Secrets) -> OidcConfig:
    """The file's configuration, `${NAME}` in the secret filled in.

    Raises:
        BadInput: the file cannot be read, or names key and what is allowed.
    """
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"--oidc {path}: {error}") from None
    if isinstance(value.get("client_secret"), str):
        value["client_secret"] = secrets.fill(value["client_secret"], where=f"{path}: client_secret")
    try:
        return OidcConfig.model_validate(value)
    except ValidationError as error:
        words = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        raise BadInput(f"--oidc {path}: {words}") from None


def safe_address(text: str) -> bool:
    """Whether what goes there cannot be read on the way: https, or this very machine."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host) and "@" not in parts.netloc
    return parts.scheme == "http" and "@" not in parts.netloc and _loopback(host)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
