"""Passwords: filled in from the environment or a private file, and never shown."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest

from pipeline.errors import BadInput, SiteError
from pipeline.secrets import RedactingFilter, Secrets, keep_secret, load_secrets, names_in, redact


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_names_are_found() -> None:
    assert names_in("rtsp://${USER}:${PW}@host/$x/${}") == ["USER", "PW"]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("rtsp://u:${PW}@host/a", "rtsp://u:p%40ss%2Fw@host/a"),
        ("${PW}", "p@ss/w"),
        ("${URL}", "rtsp://u:p@host/main"),
        ("no secret", "no secret"),
        ("clip-${PW}.mp4", "clip-p@ss/w.mp4"),
    ],
)
def test_values_are_filled_in_and_encoded_within_an_address(text: str, filled: str) -> None:
    secrets = Secrets({"PW": "p@ss/w", "URL": "rtsp://u:p@host/main"})
    assert secrets.fill(text, where="cameras.a.source") == filled


def test_a_name_without_a_value_says_where_and_how() -> None:
    with pytest.raises(SiteError, match=r"cameras\.a\.source: \$\{PW\} is not set: set it in the environment"):
        load_secrets(environ={}).fill("rtsp://u:${PW}@h", where="cameras.a.source")


def test_the_environment_overrules_the_file(tmp_path: Path) -> None:
    private(tmp_path / "nightjar.secrets", "# ours\n\nA = one \nB=two=2\n")
    values = load_secrets(folder=tmp_path, environ={"A": "env"}).values
    assert (values["A"], values["B"]) == ("env", "two=2")


def test_another_file_may_be_named(tmp_path: Path) -> None:
    path = private(tmp_path / "other", "A=1\n")
    assert load_secrets(folder=tmp_path, environ={"NIGHTJAR_SECRETS": str(path)}).values["A"] == "1"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    private(tmp_path / "nightjar.secrets", "A=1\n", mode)
    with pytest.raises(BadInput, match="chmod 600"):
        load_secrets(folder=tmp_path, environ={})


@pytest.mark.parametrize(("text", "said"), [("A\n", ":1: not NAME=value"), ("A=1\n1B=2\n", ":2: not NAME=value")])
def test_a_file_of_another_form_is_refused_without_its_text(tmp_path: Path, text: str, said: str) -> None:
    private(tmp_path / "nightjar.secrets", text)
    with pytest.raises(BadInput, match=said) as caught:
        load_secrets(folder=tmp_path, environ={})
    assert "B=2" not in str(caught.value)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_secrets(environ={"NIGHTJAR_SECRETS": str(tmp_path / "none")})


def test_secrets_do_not_show_themselves() -> None:
    assert "hunter2" not in repr(Secrets({"PW": "hunter2"}))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:S3cret@10.0.0.9/x", "rtsp://***@10.0.0.9/x"),
        ("rtsp://ops.admin:a@10.0.0.9/x", "rtsp://***@10.0.0.9/x"),
        ("rtsp://:pw@10.0.0.9/x", "rtsp://***@10.0.0.9/x"),
        ("rtsp://user%40corp:pw@10.0.0.9", "rtsp://***@10.0.0.9"),
        ("rtsp://u:p@ss/w?rd#@10.0.0.9/x", "rtsp://***@10.0.0.9/x"),
        ("http://10.0.0.9/cgi?usr=a&pwd=b&channel=1", "http://10.0.0.9/cgi?usr=***&pwd=***&channel=1"),
        ("http://u:p@h/c?Token=b#frag", "http://***@h/c?Token=***#frag"),
        ("'rtsp://u:p@h/x' and \"https://a:b@c\"", "'rtsp://***@h/x' and \"https://***@c\""),
        ("http://10.0.0.9/cgi?channel=1", "http://10.0.0.9/cgi?channel=1"),
        ("no address, 12:30", "no address, 12:30"),
    ],
)
def test_addresses_are_shown_without_credentials(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_known_secrets_go_in_every_form() -> None:
    secrets = Secrets({"PW": "p@ss word", "OTHER": "unused"}).of(["rtsp://u:${PW}@h"])
    assert redact("tried p@ss word then p%40ss%20word, unused", secrets) == "tried *** then ***, unused"


def test_short_secrets_do_not_blot_out_words() -> None:
    assert redact("an apple", Secrets({"PW": "a"}).of(["${PW}"])) == "an apple"


def test_logs_lose_credentials_in_messages_arguments_and_tracebacks() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter(["hunter2"]))
    log = logging.Logger("secrets-test")
    log.addHandler(handler)
    try:
        raise ConnectionRefusedError("refused: rtsp://admin:S3cret@10.0.0.9/x")
    except ConnectionRefusedError:
        log.exception("cannot open %s, password %s", "rtsp://u:p@h/x", "hunter2")
    text = stream.getvalue()
    assert "cannot open rtsp://***@h/x, password ***" in text
    assert "rtsp://***@10.0.0.9/x" in text
    assert "S3cret" not in text
    assert "hunter2" not in text


def test_what_nightjar_writes_is_encrypted(tmp_path):
    """S13: nothing readable in the file, read back by `load_secrets`, other lines left alone, mode 0600."""
    path = tmp_path / "nightjar.secrets"
    private(path, "# ours\nHAND=written\nGATE_PASSWORD=old\n")
    keep_secret(path, "GATE_PASSWORD", "geheim=#1 ☃")
    keep_secret(path, "DOCK_PASSWORD", "another")
    text = path.read_text(encoding="utf-8")
    assert "geheim" not in text
    assert "another" not in text
    assert text.startswith("# ours\nHAND=written\nGATE_PASSWORD=sealed:1:")
    assert path.stat().st_mode & 0o777 == 0o600
    values = load_secrets(folder=tmp_path, environ={}).values
    assert values == {"HAND": "written", "GATE_PASSWORD": "geheim=#1 ☃", "DOCK_PASSWORD": "another"}


def test_a_sealed_value_is_good_under_its_own_name_alone(tmp_path):
    path = tmp_path / "nightjar.secrets"
    keep_secret(path, "A", "secret")
    private(path, path.read_text().replace("A=", "B="))
    with pytest.raises(BadInput, match="B: sealed with another key") as refused:
        load_secrets(folder=tmp_path, environ={})
    assert "secret" not in str(refused.value).replace("secrets", "")


def test_a_copied_site_without_its_key_says_so(tmp_path, monkeypatch):
    keep_secret(tmp_path / "nightjar.secrets", "A", "secret")
    monkeypatch.setenv("NIGHTJAR_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(BadInput, match=r"key file .* cannot be read"):
        load_secrets(folder=tmp_path, environ={})
