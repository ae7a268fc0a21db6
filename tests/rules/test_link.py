"""Who may continue whom: a row for each thing that speaks for it or against it."""

from __future__ import annotations

import numpy as np
import pytest

from rules.link import Born, Lost, continuations

STILL = (0.0, 0.0, 0.0, 0.0)
HEIGHT = 0.2


def box(x: float, y: float, *, height: float = HEIGHT, width: float = 0.05) -> list[float]:
    return [x - width / 2, y - height, x + width / 2, y]


def joined(
    lost: list[float], born: list[float], *, gap_s: float, velocity: tuple[float, ...] = STILL,
    others: tuple[list[float], ...] = (), score: tuple[float, float] = (0.9, 0.9),
) -> bool:  # fmt: skip
    one = Lost(np.array([lost]), np.array([velocity]), np.array([gap_s]), np.array(score[:1]))
    two = Born(np.array([born]), np.array(score[1:]))
    return bool(continuations(one, two, seen=np.array([born, *others]), aspect=1.0))


def moving(x: float, y: float = 0.0) -> tuple[float, ...]:
    return (x, y, x, y)


BESIDE = box(0.5 + 1.5 * HEIGHT, 0.5)


@pytest.mark.parametrize(
    ("word", "born", "given", "expected"),
    [
        ("at the very place", box(0.5, 0.5), {"gap_s": 5.0}, True),
        ("a body height away, alone", box(0.5 + 0.99 * HEIGHT, 0.5), {"gap_s": 5.0}, True),
        ("further than a body height", box(0.5 + 1.01 * HEIGHT, 0.5), {"gap_s": 5.0}, False),
        ("further than one walks in the time", box(0.5 + 0.9 * HEIGHT, 0.5), {"gap_s": 0.2}, False),
        ("among others, at the very place", box(0.5, 0.5), {"gap_s": 5.0, "others": (BESIDE,)}, True),
        ("among others, a third away", box(0.5 + 0.34 * HEIGHT, 0.5), {"gap_s": 1.5, "others": (BESIDE,)}, True),
        ("among others, over a third away", box(0.5 + 0.36 * HEIGHT, 0.5), {"gap_s": 1.5, "others": (BESIDE,)}, False),
        ("among others, a third away, late", box(0.5 + 0.34 * HEIGHT, 0.5), {"gap_s": 3.0, "others": (BESIDE,)}, False),
        ("among others, half of that, late", box(0.5 + 0.17 * HEIGHT, 0.5), {"gap_s": 3.0, "others": (BESIDE,)}, True),
        ("others far away are no others", box(0.5 + 0.9 * HEIGHT, 0.5), {"gap_s": 5.0, "others": (box(0.1, 0.9),)}, True),
        ("taller by a quarter", box(0.5, 0.5, height=0.25), {"gap_s": 5.0}, True),
        ("taller than that", box(0.5, 0.5, height=0.26), {"gap_s": 5.0}, False),
        ("on the way one was heading", box(0.5 + 0.9 * HEIGHT, 0.5), {"gap_s": 1.0, "velocity": moving(0.18), "others": (BESIDE,)}, True),
        ("walked on among others", box(0.5, 0.5), {"gap_s": 5.0, "velocity": moving(0.04), "others": (BESIDE,)}, False),
        ("hardly moved among others", box(0.5, 0.5), {"gap_s": 5.0, "velocity": moving(0.02), "others": (BESIDE,)}, True),
        ("walked on, and nobody else about", box(0.5, 0.5), {"gap_s": 5.0, "velocity": moving(0.04)}, True),
        ("behind somebody in front", box(0.5, 0.5), {"gap_s": 1.0, "others": (box(0.5, 0.56),)}, False),
        ("half behind somebody in front", box(0.5, 0.5), {"gap_s": 1.0, "others": (box(0.522, 0.505),)}, True),
        ("behind two who each hide half", box(0.5, 0.5), {"gap_s": 1.0, "others": (box(0.525, 0.505), box(0.475, 0.505))}, False),
        ("annotated, among others", box(0.5 + 0.03 * HEIGHT, 0.5), {"gap_s": 1.0, "others": (BESIDE,), "score": (1.0, 1.0)}, False),
        ("annotated, among others, on the spot", box(0.5 + 0.019 * HEIGHT, 0.5), {"gap_s": 1.0, "others": (BESIDE,), "score": (1.0, 1.0)}, True),
        ("annotated, alone", box(0.5 + 0.9 * HEIGHT, 0.5), {"gap_s": 1.0, "score": (1.0, 1.0)}, True),
        ("certain only when lost", box(0.5 + 0.3 * HEIGHT, 0.5), {"gap_s": 1.0, "others": (BESIDE,), "score": (1.0, 0.99)}, True),
        ("certain only when found", box(0.5 + 0.3 * HEIGHT, 0.5), {"gap_s": 1.0, "others": (BESIDE,), "score": (0.99, 1.0)}, True),
        ("in front of somebody", box(0.5, 0.5), {"gap_s": 1.0, "others": (box(0.5, 0.46),)}, True),
    ],
)  # fmt: skip
def test_somebody_in_the_middle(word: str, born: list[float], given: dict, expected: bool) -> None:
    assert joined(box(0.5, 0.5), born, **given) is expected


@pytest.mark.parametrize(
    ("word", "lost", "born", "given", "expected"),
    [
        ("stood at the edge", box(0.03, 0.5), box(0.03, 0.5), {"gap_s": 5.0}, True),
        ("left to the left", box(0.03, 0.5), box(0.03, 0.5), {"gap_s": 1.0, "velocity": moving(-0.1)}, False),
        ("left to the right", box(0.97, 0.5), box(0.97, 0.5), {"gap_s": 1.0, "velocity": moving(0.1)}, False),
        ("left at the bottom", box(0.5, 0.97), box(0.5, 0.97), {"gap_s": 1.5, "velocity": moving(0.0, 0.1)}, False),
        ("left at the top", box(0.5, 0.21), box(0.5, 0.21), {"gap_s": 1.5, "velocity": moving(0.0, -0.1)}, False),
        ("was just setting off", box(0.06, 0.5), box(0.06, 0.5), {"gap_s": 0.5, "velocity": moving(-0.04)}, True),
        ("came in at an edge far from the lost", box(0.15, 0.5), box(0.02, 0.5), {"gap_s": 3.0}, False),
        ("cut by the lower edge, of any height", [0.5, 0.7, 0.6, 1.0], [0.5, 0.4, 0.6, 0.96], {"gap_s": 3.0}, True),
    ],
)
def test_at_the_edge_of_the_picture(
    word: str, lost: list[float], born: list[float], given: dict, expected: bool
) -> None:
    assert joined(lost, born, **given) is expected


def test_nobody_lost_or_nobody_new_is_nobody_joined() -> None:
    nobody = Lost(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0), np.zeros(0))
    here = np.array([box(0.5, 0.5)])
    assert continuations(nobody, Born(here, np.full(1, 0.9)), seen=here, aspect=1.0) == []
    one = Lost(here, np.zeros((1, 4)), np.ones(1), np.ones(1))
    assert continuations(one, Born(np.zeros((0, 4)), np.zeros(0)), seen=here, aspect=1.0) == []


def test_each_continues_one_and_the_nearest_first() -> None:
    lost = Lost(np.array([box(0.2, 0.5), box(0.8, 0.5)]), np.zeros((2, 4)), np.array([1.0, 1.0]), np.full(2, 0.9))
    born = np.array([box(0.8, 0.51), box(0.26, 0.5), box(0.2, 0.5)])
    pairs = continuations(lost, Born(born, np.full(len(born), 0.9)), seen=born, aspect=1.0)
    assert sorted((old, new) for old, new, _ in pairs) == [(0, 2), (1, 0)]
