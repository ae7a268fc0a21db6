"""A small OpenID provider on loopback, which signs what a test tells it to."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from pipeline.access.oidc.flow import challenge


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Signer:
    """One key of each kind."""

    def __init__(self, kid: str = "k1", bits: int = 2048) -> None:
        self.kid = kid
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = Ed25519PrivateKey.generate()

    def keys(self) -> list[dict[str, str]]:
        r, e = self.rsa.public_key().public_numbers(), self.ec.public_key().public_numbers()
        x, y = (b64(value.to_bytes(32, "big")) for value in (e.x, e.y))
        return [
            {"kty": "RSA", "kid": self.kid, "n": number(r.n), "e": number(r.e), "use": "sig"},
            {"kty": "EC", "kid": self.kid, "crv": "P-256", "x": x, "y": y},
            {"kty": "OKP", "kid": self.kid, "crv": "Ed25519", "x": b64(self.ed.public_key().public_bytes_raw())},
        ]

    def sign(self, claims: dict[str, Any], *, alg: str = "RS256", head: dict[str, Any] | None = None) -> str:
        header = {"alg": alg, "kid": self.kid, "typ": "JWT"} | (head or {})
        text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{text}.{b64(self._signature(text.encode(), alg))}"

    def _signature(self, data: bytes, alg: str) -> bytes:
        if alg == "RS256":
            return self.rsa.sign(data, padding.PKCS1v15(), SHA256())
        if alg == "PS256":
            pss = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)
            return self.rsa.sign(data, pss, SHA256())
        if alg == "ES256":
            r, s = decode_dss_signature(self.ec.sign(data, ec.ECDSA(SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.ed.sign(data)


class TestProvider:
    """`claims`, `head` and `alg` change what the next token says; `asked` are the sign-ins it was sent."""

    __test__ = False

    def __init__(self, *, utc: Any) -> None:
        self.signer = Signer()
        self.utc = utc
        self.claims: dict[str, Any] = {}
        self.head: dict[str, Any] = {}
        self.alg = "RS256"
        self.discovery: dict[str, Any] = {}
        self.asked: list[dict[str, str]] = []
        self.forms: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.token: str | None = None
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.get(self)

            def do_POST(self) -> None:
                provider.post(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def get(self, request: BaseHTTPRequestHandler) -> None:
        path, query = urlsplit(request.path).path, urlsplit(request.path).query
        if path.endswith("/openid-configuration"):
            places = {
                "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/keys",
            }  # fmt: skip
            return self.answer(request, places | self.discovery)
        if path == "/keys":
            return self.answer(request, {"keys": self.signer.keys()})
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        self.asked.append(asked)
        code = f"code-{len(self.asked)}"
        self.codes[code] = asked
        request.send_response(302)
        request.send_header("Location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
        request.end_headers()
        return None

    def post(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        form["authorization"] = request.headers.get("Authorization", "")
        self.forms.append(form)
        asked = self.codes.pop(form.get("code", ""), None)
        good = (
            asked is not None
            and challenge(form.get("code_verifier", "")) == asked["code_challenge"]
            and form["redirect_uri"] == asked["redirect_uri"]
        )
        if not good:
            return self.answer(request, {"error": "invalid_grant"}, status=400)
        assert asked is not None
        now = self.utc()
        claims = {
            "iss": self.url, "aud": asked["client_id"], "sub": "u-1", "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], "preferred_username": "olga", "groups": ["operators"],
        } | self.claims  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        token = self.token or self.signer.sign(claims, alg=self.alg, head=self.head)
        return self.answer(request, {"id_token": token, "access_token": "x", "token_type": "Bearer"})

    def answer(self, request: BaseHTTPRequestHandler, value: Any, *, status: int = 200) -> None:
        body = json.dumps(value).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
