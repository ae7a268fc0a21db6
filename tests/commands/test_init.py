"""The first start without YAML: what is written, where the password goes, and what a person is told."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.commands.init import escape_password, site_text, with_password
from pipeline.editing.credentials import split_password
from pipeline.folders import shipped
from pipeline.secrets import load_secrets
from pipeline.site import load_site, parse_site


@pytest.fixture
def clip() -> Path:
    return next(iter(sorted(shipped("sample_videos").glob("*.mp4"))))


def test_a_file_becomes_a_site_that_checks(tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "site.yaml"
    args = ["init", str(path), "--source", str(clip), "--name", "Yard 'A'", "--timezone", "Europe/Brussels"]
    assert main([*args, "--hours", "07:00-19:00", "--no-start"]) == 0
    site = load_site(path)
    assert site.name == "Yard 'A'"
    camera = site.cameras["camera-1"]
    assert [rule.kind for rule in camera.rules] == ["after_hours"]
    assert camera.zones["everywhere"].polygon == ((0, 0), (1, 0), (1, 1), (0, 1))
    assert main(["check", str(path)]) == 0


@pytest.mark.parametrize(
    ("word", "source", "said"),
    [
        ("no such file", "nothing.mp4", "no such file"),
        ("nothing listens", "rtsp://admin:S3cret@127.0.0.1:9/x", "nothing listens there"),
        ("no scheme known", "ftp://host/x", "rtsp://"),
    ],
)
def test_a_source_that_fails_is_explained_and_nothing_is_written(
    tmp_path: Path, word: str, source: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.yaml"
    assert main(["init", str(path), "--source", source, "--no-start"]) == 2
    printed = capsys.readouterr()
    assert said in printed.err.lower() or said in printed.err
    assert "S3cret" not in printed.out + printed.err
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_left_alone(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("mine")
    assert main(["init", str(path), "--source", str(clip), "--no-start"]) == 2
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("word", "address", "shown", "password"),
    [
        ("plain", "rtsp://ops:pw@10.0.0.9/main", "rtsp://ops:${CAMERA_PASSWORD}@10.0.0.9/main", "pw"),
        ("at sign", "rtsp://ops.admin:p@ss@cam/x", "rtsp://ops.admin:${CAMERA_PASSWORD}@cam/x", "p@ss"),
        ("colon", "rtsp://u:a:b@cam/x", "rtsp://u:${CAMERA_PASSWORD}@cam/x", "a:b"),
        ("escaped", "rtsp://u:a%40b@cam/x", "rtsp://u:${CAMERA_PASSWORD}@cam/x", "a@b"),
        ("none", "rtsp://cam/x", "rtsp://cam/x", None),
        ("a file", "clips/a@b.mp4", "clips/a@b.mp4", None),
    ],
)
def test_the_password_leaves_the_address(
    tmp_path: Path, word: str, address: str, shown: str, password: str | None
) -> None:
    assert split_password(address, variable="CAMERA_PASSWORD") == (shown, password)
    text = site_text(name="S", timezone="UTC", hours="06:00-22:00", source=shown)
    site = parse_site(text, str(tmp_path / "site.yaml"))
    if password is None:
        return
    assert password not in text
    (tmp_path / "nightjar.secrets").write_text(f"CAMERA_PASSWORD={password}\n")
    (tmp_path / "nightjar.secrets").chmod(0o600)
    secrets = load_secrets(folder=tmp_path, environ={})
    assert site.source_of("camera-1", secrets) == escape_password(address)


def test_the_secrets_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    from pipeline.commands.init import _keep_secret

    _keep_secret(tmp_path / "nightjar.secrets", "p@ss")
    assert stat.S_IMODE((tmp_path / "nightjar.secrets").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("word", "typed", "asked", "source"),
    [
        ("a user alone", "rtsp://ops@cam/x", True, "rtsp://ops:p%40s%3Fs@cam/x"),
        ("with its password", "rtsp://ops:pw@cam/x", False, "rtsp://ops:pw@cam/x"),
        ("nobody", "rtsp://cam/x", False, "rtsp://cam/x"),
        ("a file", "clips/a@b.mp4", False, "clips/a@b.mp4"),
        ("nonsense", "x@", False, "x@"),
        ("another scheme", "ftp://ops@cam/x", False, "ftp://ops@cam/x"),
    ],
)
def test_the_password_of_a_user_is_asked_for_unseen(
    word: str, typed: str, asked: bool, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts: list[str] = []
    monkeypatch.setattr("pipeline.commands.init.getpass", lambda prompt: prompts.append(prompt) or "p@s?s")
    assert with_password(typed) == source
    assert len(prompts) == asked
