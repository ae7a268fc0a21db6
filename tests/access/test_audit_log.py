"""S11: a row of the audit log that was altered, removed, added, moved or cut off is named. And the commands over it."""

from __future__ import annotations

import json
import sqlite3

import pytest

from pipeline.access.vault import Vault
from pipeline.cli import main
from pipeline.clock import FakeClock
from pipeline.store import audit, heads
from pipeline.store.store import Store

DAY_S = 86_400.0


@pytest.fixture
def data(tmp_path):
    """A data folder whose audit log has nine rows and a head that was noted at row six."""
    store = Store(tmp_path / "store.sqlite", clock=FakeClock())
    vault = Vault(tmp_path / "keys" / "master.key")
    for number in range(1, 10):
        with store.changing() as connection:
            audit.record(
                connection, utc=1000.0 + number, actor=f"actor{number % 2}", action="viewed", target=f"camera/c{number}",
                detail={"n": number},
            )  # fmt: skip
            if number == 6:
                heads.note(tmp_path / "audit", audit.head(connection), utc=DAY_S, sign=vault.sign)
    store.close()
    return tmp_path


def tamper(data, *statements):
    with sqlite3.connect(data / "store.sqlite") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def rehash(data, since):
    """What somebody does who can write the file: compute every hash anew from a row on."""
    with sqlite3.connect(data / "store.sqlite") as connection:
        rows = connection.execute(
            "SELECT id, utc, actor, action, target, detail, hash FROM audit ORDER BY id"
        ).fetchall()
        before = ""
        for number, utc, actor, action, target, detail, known in rows:
            right = audit._hash(before, utc, actor, action, target, detail) if number >= since else known
            connection.execute("UPDATE audit SET hash = ? WHERE id = ?", (right, number))
            before = right
    connection.close()


def verify(data, capsys, *more):
    code = main(["audit", "verify", "--data", str(data), "--json", *more])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_whole_log(data, capsys):
    code, said = verify(data, capsys)
    assert (code, said["ok"], said["rows"], said["heads"], said["faults"]) == (0, True, 9, 2, [])


@pytest.mark.parametrize(
    ("word", "statements", "row"),
    [
        ("another word", ["UPDATE audit SET detail = '{}' WHERE id = 4"], 4),
        ("another person", ["UPDATE audit SET actor = 'eve' WHERE id = 1"], 1),
        ("another time", ["UPDATE audit SET utc = utc + 0.001 WHERE id = 9"], 9),
        ("another hash", ["UPDATE audit SET hash = 'x' WHERE id = 5"], 5),
        ("one removed", ["DELETE FROM audit WHERE id = 4"], 4),
        ("the first removed", ["DELETE FROM audit WHERE id = 1"], 1),
        ("one removed, the others moved up", ["DELETE FROM audit WHERE id = 4", *(f"UPDATE audit SET id = {n - 1} WHERE id = {n}" for n in range(5, 10))], 4),
        ("two changed places", ["UPDATE audit SET id = 99 WHERE id = 3", "UPDATE audit SET id = 3 WHERE id = 4", "UPDATE audit SET id = 4 WHERE id = 99"], 3),
        ("one added", ["INSERT INTO audit SELECT 10, utc, actor, action, target, detail, hash FROM audit WHERE id = 9"], 10),
        ("cut off before the noted head", ["DELETE FROM audit WHERE id > 3"], 4),
        ("all of it gone", ["DELETE FROM audit"], 1),
    ],
)  # fmt: skip
def test_the_touched_row_is_named(data, capsys, word, statements, row):
    tamper(data, *statements)
    code, said = verify(data, capsys)
    assert code == 1
    assert said["faults"][0]["row"] == row


@pytest.mark.parametrize("since", [1, 4, 6])
def test_a_chain_computed_anew_does_not_fit_the_noted_head(data, capsys, since):
    tamper(data, f"UPDATE audit SET actor = 'eve' WHERE id = {since}")
    rehash(data, since)
    code, said = verify(data, capsys)
    assert code == 1
    assert said["faults"][0]["row"] == 6


def test_what_came_after_the_last_head_needs_one_noted_elsewhere(data, capsys):
    """Said in the README: between two notes, the end can be cut off unseen by who may write the file."""
    main(["audit", "head", "--data", str(data)])
    elsewhere = capsys.readouterr().out.strip()
    tamper(data, "DELETE FROM audit WHERE id > 7")
    assert verify(data, capsys)[0] == 0
    code, said = verify(data, capsys, "--head", elsewhere)
    assert (code, said["faults"][0]["row"]) == (1, 8)


def test_a_forged_note_is_named(data, capsys):
    path = data / "audit" / "1970-01-02.json"
    value = json.loads(path.read_text())
    path.write_text(json.dumps(value | {"id": 3}))
    code, said = verify(data, capsys)
    assert (code, said["forged"]) == (1, ["1970-01-02.json"])


def test_notes_by_day(tmp_path):
    sign = Vault(tmp_path / "k").sign
    head = audit.Head(id=1, hash="a" * 64, utc=5.0)
    assert heads.note(tmp_path / "audit", head, utc=10.0, sign=sign)
    assert not heads.note(tmp_path / "audit", head, utc=DAY_S - 1, sign=sign)
    assert heads.note(tmp_path / "audit", head, utc=DAY_S, sign=sign)
    assert sorted(path.name for path in (tmp_path / "audit").iterdir()) == [
        "1970-01-01.json",
        "1970-01-02.json",
        "latest.json",
    ]
    assert (tmp_path / "audit" / "latest.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("word", "arguments", "rows"),
    [
        ("all", [], [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("the newest", ["--limit", "2"], [9, 8]),
        ("by who", ["--actor", "actor0"], [8, 6, 4, 2]),
        ("by what it was done to", ["--target", "camera/c3"], [3]),
        ("by time", ["--since", "1970-01-01T00:16:43", "--until", "1970-01-01T00:16:45Z"], [4, 3]),
        ("nobody", ["--actor", "eve"], []),
    ],
)
def test_show(data, capsys, word, arguments, rows):
    assert main(["audit", "show", "--data", str(data), "--json", *arguments]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == rows


@pytest.mark.parametrize(
    ("word", "arguments"),
    [
        ("no time", ["show", "--since", "yesterday"]),
        ("no head", ["verify", "--head", "12"]),
        ("no rows", ["show", "--limit", "0"]),
    ],
)
def test_bad_input(data, capsys, word, arguments):
    assert main(["audit", *arguments, "--data", str(data)]) == 2
    assert main(["audit", *arguments, "--data", str(data / "none")]) == 2
