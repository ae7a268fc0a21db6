"""What rests on disk encrypted, and the codes of RFC 6238 and RFC 4226."""

from __future__ import annotations

import base64

import pytest

from pipeline.access import totp
from pipeline.access.vault import Vault, is_sealed
from pipeline.errors import BadInput

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("utc", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_rfc_6238_appendix_b(utc, code):
    assert totp.code_at(RFC_SECRET, utc // 30, digits=8) == code


@pytest.mark.parametrize(("off_s", "good"), [(0, True), (-30, True), (30, True), (-60, False), (60, False)])
def test_a_phone_may_be_half_a_minute_off(off_s, good):
    code = totp.code_at(RFC_SECRET, (1000 * 30 + off_s) // 30)
    assert (totp.accepted_step(RFC_SECRET, code, utc=1000 * 30, after=0) is not None) == good


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "1234567", "٣٤٥٦٧٨"])
def test_no_code(code):
    assert totp.accepted_step(RFC_SECRET, code, utc=59, after=0) is None


def test_sealed_and_opened(tmp_path):
    vault = Vault(tmp_path / "keys" / "master.key")
    sealed = vault.seal("geheim ☃", about="camera dock")
    assert is_sealed(sealed)
    assert "geheim" not in sealed
    assert Vault(tmp_path / "keys" / "master.key").open(sealed, about="camera dock") == "geheim ☃"
    assert sealed != vault.seal("geheim ☃", about="camera dock")
    assert (tmp_path / "keys" / "master.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("word", "spoil"),
    [
        ("moved to another place", lambda sealed: (sealed, "camera gate")),
        (
            "a letter changed",
            lambda sealed: (sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:], "camera dock"),
        ),
        ("cut off", lambda sealed: (sealed[:20], "camera dock")),
        ("no Base64", lambda sealed: ("sealed:1:%%%", "camera dock")),
    ],
)
def test_does_not_open(tmp_path, word, spoil):
    vault = Vault(tmp_path / "k")
    sealed, about = spoil(vault.seal("secret", about="camera dock"))
    with pytest.raises(BadInput) as refused:
        vault.open(sealed, about=about)
    assert "secret" not in str(refused.value).replace("secret of", "")


def test_another_key_opens_nothing(tmp_path):
    sealed = Vault(tmp_path / "one").seal("x", about="a")
    other = Vault(tmp_path / "two")
    other.seal("y", about="b")
    with pytest.raises(BadInput, match="another key"):
        other.open(sealed, about="a")


def test_a_key_that_others_may_read_is_refused(tmp_path):
    vault = Vault(tmp_path / "k")
    vault.seal("x", about="a")
    (tmp_path / "k").chmod(0o640)
    with pytest.raises(BadInput, match="chmod 600"):
        Vault(tmp_path / "k").seal("x", about="a")


def test_a_named_key_is_used_and_never_made(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTJAR_KEY_FILE", str(tmp_path / "elsewhere"))
    with pytest.raises(BadInput, match="cannot be read"):
        Vault(tmp_path / "k").seal("x", about="a")
    assert not (tmp_path / "elsewhere").exists()


def test_systemd_credential(tmp_path, monkeypatch):
    (tmp_path / "nightjar.key").write_text(base64.b64encode(bytes(32)).decode())
    (tmp_path / "nightjar.key").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    vault = Vault(tmp_path / "k")
    assert vault.open(vault.seal("x", about="a"), about="a") == "x"
    assert not (tmp_path / "k").exists()
