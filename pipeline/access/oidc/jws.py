"""Signed tokens (RFC 7515, RFC 7519) as an OpenID provider gives them: verified with its public keys (RFC 7517), never
made. Only algorithms with a public key are known, so that neither `none` nor a key taken for a shared secret gets in.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

LONGEST = 16_384
LEAST_RSA_BITS = 2048
"""RFC 7518, 3.3: a key of 2048 bits or more must be used."""
FAMILIES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


class BadToken(ValueError):  # noqa: N818
    """Not a token that anybody we trust has signed."""


class UnknownKey(BadToken):
    """No key of that id: the provider may have changed its keys."""


def verified(token: str, keys: Sequence[Mapping[str, Any]], *, algorithms: Collection[str]) -> dict[str, Any]:
    """The claims of a compact JWS that one of these keys (JWK) has signed with one of these algorithms.

    Raises:
        UnknownKey: none of the keys is meant. BadToken: form, algorithm or signature.
    """
    if len(token) > LONGEST or token.count(".") != 2:
        raise BadToken("not a signed token")
    head, body, signature = token.split(".")
    header = _object(head)
    algorithm = header.get("alg")
    if algorithm not in algorithms or algorithm not in FAMILIES:
        raise BadToken("the token's algorithm is not allowed")
    if "crit" in header:
        raise BadToken("the token demands an extension that is not known")
    key = _key(keys, header, str(algorithm))
    try:
        _check(key, str(algorithm), _bytes(signature), f"{head}.{body}".encode("ascii"))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        raise BadToken("the token's signature is wrong") from None
    return _object(body)


def _key(keys: Sequence[Mapping[str, Any]], header: Mapping[str, Any], algorithm: str) -> Mapping[str, Any]:
    kid = header.get("kid")
    fitting = [
        key
        for key in keys
        if key.get("kty") == FAMILIES[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    if len(fitting) != 1:  # without an id the key has to be plain
        raise UnknownKey("the token's key is not known")
    return fitting[0]


def _check(key: Mapping[str, Any], algorithm: str, signature: bytes, signed: bytes) -> None:
    if algorithm == "EdDSA":
        if key["crv"] != "Ed25519":
            raise BadToken("the curve is not known")
        Ed25519PublicKey.from_public_bytes(_bytes(key["x"])).verify(signature, signed)
    elif algorithm == "ES256":
        if key["crv"] != "P-256" or len(signature) != 64:
            raise BadToken("the curve is not known")
        point = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1()).public_key()
        pair = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        point.verify(encode_dss_signature(*pair), signed, ec.ECDSA(SHA256()))
    else:
        public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
        if public.key_size < LEAST_RSA_BITS:
            raise BadToken("the key is too short")
        pss = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=SHA256.digest_size)
        public.verify(signature, signed, padding.PKCS1v15() if algorithm == "RS256" else pss, SHA256())


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(part))
    except ValueError:
        raise BadToken("a part of the token is not JSON") from None
    if not isinstance(value, dict):
        raise BadToken("a part of the token is no object")
    return value


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadToken("a part of the token is not base64url") from None


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")
