"""`nightjar account`: what a person at the machine's shell can do, also while the service runs."""

from __future__ import annotations

import io
import json
import sys

import pytest

from pipeline.access.access import Access
from pipeline.access.faults import AccessRefused
from pipeline.access.passwords import Hasher
from pipeline.cli import main
from pipeline.clock import SystemClock

PASSWORD = "quiet-harbour-lamp-7"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """`run("add", "anna", said=PASSWORD)`: exit code and output."""

    monkeypatch.setattr("pipeline.access.access.Hasher", lambda: Hasher(memory_kib=64, passes=1))

    def _run(*arguments, said=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(said + "\n"))
        code = main(["account", *arguments, "--data", str(tmp_path)])
        done = capsys.readouterr()
        return code, done.out + done.err

    return _run


@pytest.fixture
def service(tmp_path):
    """The same file, opened by another process's worth of code."""
    access = Access(tmp_path, clock=SystemClock(), hasher=Hasher(memory_kib=64, passes=1))
    yield access
    access.close()


def test_an_account_from_the_shell_beside_a_running_service(run, service):
    assert run("add", "anna", "--role", "admin", said=PASSWORD)[0] == 0
    assert run("add", "bert", "--cameras", "dock, gate", said=PASSWORD)[0] == 0
    service.forget()
    begun = service.sign_in(name="bert", password=PASSWORD, address="-")
    assert (begun.principal.role, begun.principal.cameras) == ("operator", frozenset({"dock", "gate"}))
    _code, said = run("list", "--json")
    listed = json.loads(said.splitlines()[-1])
    assert [one["name"] for one in listed["accounts"]] == ["anna", "bert"]
    assert len(listed["sessions"]) == 1
    assert "argon2" not in said
    assert run("disable", "bert")[0] == 0
    service.forget()
    assert service.who(token=begun.token).kind == "nobody"
    assert run("enable", "bert")[0] == 0
    assert (
        run("change", "bert", "--role", "viewer", "--cameras", "all")[1].strip() == "Account bert: viewer, cameras all."
    )


def test_the_first_account_is_an_administrators(run):
    code, said = run("add", "bert", "--role", "viewer", said=PASSWORD)
    assert (code, "first account" in said) == (2, True)
    assert json.loads(run("list", "--json")[1].splitlines()[-1])["accounts"] == []


def test_no_argument_takes_a_password(capsys):
    for action in ("add", "password", "reset", "key"):
        with pytest.raises(SystemExit):
            main(["account", action, "--help"])
        said = capsys.readouterr().out.lower()
        assert "--password" not in said


def test_links(run, service):
    link = run("setup", "--url", "https://box:8000/")[1].strip()
    assert link.startswith("https://box:8000/login.html#link=")
    service.enter_by_link(token=link.partition("=")[2], name="anna", password=PASSWORD, address="-")
    assert run("setup")[0] == 2
    _code, said = run("reset", "anna")
    token = said.partition("#link=")[2].strip()
    with pytest.raises(AccessRefused):
        service.sign_in(name="anna", password=PASSWORD, address="-")
    service.enter_by_link(token=token, name="", password="another-harbour-9", address="-")


def test_keys(run, service):
    run("add", "anna", "--role", "admin", said=PASSWORD)
    _code, said = run("key", "anna", "--label", "prometheus", "--may", "metrics")
    text = next(line for line in said.splitlines() if line.startswith("nj_"))
    service.forget()
    assert service.who(key=text).permissions == {"metrics"}
    assert run("key", text.split("_")[1], "--revoke")[0] == 0
    service.forget()
    assert service.who(key=text).kind == "nobody"


@pytest.mark.parametrize(
    ("word", "arguments", "said"),
    [
        ("a weak password", ["add", "carl"], "password1234"),
        ("no password", ["add", "carl"], ""),
        ("a name in use", ["add", "anna"], PASSWORD),
        ("a name with a space", ["add", "carl smith"], PASSWORD),
        ("a limited administrator", ["add", "carl", "--role", "admin", "--cameras", "dock"], PASSWORD),
        ("no such account", ["disable", "carl"], ""),
        ("the last administrator", ["disable", "anna"], ""),
        ("nothing to change", ["change", "anna"], ""),
        ("a key that does more than its account", ["key", "view", "--label", "x", "--may", "admin"], ""),
        ("a key without an end", ["key", "anna", "--label", "x", "--days", "9999"], ""),
        ("a key without a label", ["key", "anna"], ""),
        ("a permission that is none", ["key", "anna", "--label", "x", "--may", "everything"], ""),
    ],
)
def test_bad_input(run, word, arguments, said):
    run("add", "anna", "--role", "admin", said=PASSWORD)
    run("add", "view", "--role", "viewer", said=PASSWORD)
    code, output = run(*arguments, said=said)
    assert code == 2, output
    assert not said or said not in output
