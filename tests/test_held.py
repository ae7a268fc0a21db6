"""Ways that wait for the end of an alert: real ones are forgotten, others learned, and a restart changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.held import HOLD_S, MOST, HeldBack
from pipeline.verdicts import read_verdicts, write_verdicts

DAY = 86_400.0


def way(n: int, utc: float = 1000.0) -> list[tuple[float, float, float]]:
    return [(utc - 1.0, 0.1 * n, 0.5), (utc, 0.1 * n, 0.6)]


@pytest.fixture
def verdicts(tmp_path: Path) -> Path:
    return tmp_path / "verdicts.json"


def held_back(folder: Path, *, view: str = "view") -> HeldBack:
    return HeldBack(folder / "c.held", view=view, verdicts=folder / "verdicts.json")


@pytest.mark.parametrize(
    ("word", "told", "after_s", "learned", "waiting"),
    [
        ("nothing is known", None, DAY, 0, 1),
        ("nothing is known for a week", None, HOLD_S, 1, 0),
        ("it was real", True, DAY, 0, 0),
        ("it was real, told late", True, 2 * HOLD_S, 0, 0),
        ("it was not", False, 10.0, 1, 0),
    ],
)
def test_how_it_ended_decides(
    tmp_path: Path, verdicts: Path, word: str, told: bool | None, after_s: float, learned: int, waiting: int
) -> None:
    held = held_back(tmp_path)
    held.add("k1", way(1))
    write_verdicts(verdicts, {"other": True} | ({} if told is None else {"k1": told}))
    assert (len(held.review(1000.0 + after_s)), len(held)) == (learned, waiting), word


def test_what_waits_is_taken_up_after_a_restart_but_not_by_another_view(tmp_path: Path) -> None:
    held = held_back(tmp_path)
    held.save()
    assert not (tmp_path / "c.held").exists()
    held.add("k1", way(1))
    held.add("k2", way(2, utc=2000.0))
    held.save()
    again = held_back(tmp_path)
    again.load()
    assert again.review(1000.0 + HOLD_S) == [way(1)]
    again.save()
    third = held_back(tmp_path)
    third.load()
    assert len(third) == 1
    moved = held_back(tmp_path, view="moved")
    moved.load()
    assert len(moved) == 0


@pytest.mark.parametrize("text", ["", "[]", '{"v": 9, "view": "view", "held": []}', '{"v": 1}', '{"v": 1, "view": "view", "held": [1]}'])  # fmt: skip
def test_a_damaged_file_is_not_fatal(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.held").write_text(text)
    held = held_back(tmp_path)
    held.load()
    assert len(held) == 0


@pytest.mark.parametrize("text", ["rubbish", "[]", '{"v": 2, "real": {}}', '{"v": 1, "real": []}'])
def test_verdicts_that_cannot_be_read_make_all_wait(tmp_path: Path, verdicts: Path, text: str) -> None:
    held = held_back(tmp_path)
    held.add("k1", way(1))
    verdicts.write_text(text)
    with pytest.raises(ValueError, match=r"alerts ended|Expecting"):
        read_verdicts(verdicts)
    assert held.review(1010.0) == []
    assert len(held) == 1


def test_of_too_many_the_oldest_are_learned_early(tmp_path: Path) -> None:
    held = held_back(tmp_path)
    for n in range(MOST + 5):
        held.add(f"k{n}", way(n, utc=1000.0 + n))
    assert held.review(3000.0)[0][0][1] == 0.0
    assert len(held) == MOST
