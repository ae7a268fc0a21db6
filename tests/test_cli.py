"""The command line: every command has help, and errors are sentences with exit code 2."""

from __future__ import annotations

import pytest

from pipeline.cli import COMMANDS, main


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


def test_the_overview_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert [name for name in COMMANDS if name not in printed] == []


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["run"], ["run", "a", "--port", "many"]])
def test_wrong_use_exits_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "no-site.yaml"], "no-site.yaml"),
        (["check", "no-site.yaml"], "no-site.yaml"),
        (["analyze", "a.mp4", "--site", "no-site.yaml", "--camera", "c", "--out", "o"], "no-site.yaml"),
    ],
)
def test_bad_input_exits_2_in_a_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("nightjar: ")
    assert said in printed.err
    assert "Traceback" not in printed.err


def test_binding_beyond_loopback_is_refused(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("site: {name: T, timezone: UTC}\ncameras: {}\n")
    assert main(["run", str(site), "--data", str(tmp_path / "d"), "--host", "0.0.0.0"]) == 2
    assert "--tls self" in capsys.readouterr().err
