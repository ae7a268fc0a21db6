from __future__ import annotations

import numpy as np
import pytest

from rules.corridor import Corridor, CorridorRoute
from rules.engine import Engine
from rules.scene import Scene
from rules.stature import Stature
from rules.view import View
from tests.rules.film import WHO, Person, frame


def tall(y: float) -> float:
    """A person whose foot is at y, under this film's camera."""
    return 0.5 * y - 0.05


def view(people: list[Person]) -> View:
    return Scene().view(frame(0.0, people))


def learnt(boxes: int = 400, *, scatter: float = 0.0) -> Stature:
    chance = np.random.default_rng(7)
    stature = Stature()
    for _ in range(boxes):
        y = float(chance.uniform(0.4, 0.9))
        height = tall(y) * (1.0 + scatter * float(chance.uniform(-1, 1)))
        seen = view([Person(1, 0.5, y, height=height)])
        stature.learn(seen, np.array([True]))
    return stature


def cut(y: float) -> Person:
    """Somebody whose foot is at y but hidden below 0.6."""
    return Person(1, 0.5, 0.6, height=0.6 - (y - tall(y)))


@pytest.mark.parametrize(
    ("word", "person", "foot_y", "estimated"),
    [
        ("whole", Person(1, 0.5, 0.7, height=tall(0.7)), 0.7, False),
        ("behind a counter", cut(0.9), 0.9, True),
        ("a little hidden", cut(0.65), 0.6, False),
        ("cut by the picture's edge", Person(1, 0.5, 1.2, height=tall(1.2)), 1.2, True),
        ("taller than usual", Person(1, 0.5, 0.7, height=1.1 * tall(0.7)), 0.7, False),
    ],
)
def test_feet(word: str, person: Person, foot_y: float, estimated: bool) -> None:
    feet, hidden = learnt().feet(view([person]))
    assert hidden.tolist() == [estimated], word
    assert feet[0, 1] == pytest.approx(foot_y, abs=0.02), word


def test_nothing_is_estimated_before_enough_was_seen_or_where_heights_scatter() -> None:
    for stature in (Stature(), learnt(150), learnt(scatter=0.9)):
        feet, hidden = stature.feet(view([cut(0.9)]))
        assert hidden.tolist() == [False]
        assert feet[0, 1] == pytest.approx(0.6)
        assert stature.height(np.array([0.6]), np.array([0.33])).tolist() == [0.33]


def test_nobody_has_no_feet() -> None:
    feet, hidden = learnt().feet(view([]))
    assert feet.shape == (0, 2)
    assert hidden.shape == (0,)


def test_people_all_at_one_place_teach_one_height() -> None:
    stature = Stature()
    for _ in range(300):
        stature.learn(view([Person(1, 0.5, 0.5, height=0.2)]), np.array([True]))
    assert stature.height(np.array([0.5, 0.8]), np.array([0.1, 0.1])).tolist() == pytest.approx([0.2, 0.2])


def test_short_boxes_do_not_teach_that_people_are_short() -> None:
    stature = learnt()
    for _ in range(400):
        stature.learn(view([Person(1, 0.5, 0.8, height=0.1)]), np.array([True]))
    assert stature.height(np.array([0.8]), np.array([0.1]))[0] == pytest.approx(tall(0.8), abs=0.02)


def test_state_goes_on() -> None:
    stature, other = learnt(), Stature()
    other.restore(stature.state())
    assert other.feet(view([cut(0.9)]))[0].tolist() == stature.feet(view([cut(0.9)]))[0].tolist()


def test_an_alarm_says_that_its_foot_is_estimated() -> None:
    """Behind a counter, the visible box ends on the corridor; the feet are off it."""
    way = Corridor(((0.0, 0.55), (1.0, 0.55)), width_bh=1.0)
    engine = Engine([CorridorRoute(**WHO, corridor=way, off_s=1.0)])
    chance = np.random.default_rng(7)
    for n in range(400):
        engine.update(frame(n / 5, [Person(n, 0.5, y := float(chance.uniform(0.5, 0.6)), height=tall(y))]))
    for n in range(400):
        engine.update(frame(80 + n / 5, [Person(n, 0.5, y := float(chance.uniform(0.7, 0.9)), height=tall(y))]))
    said = [e for n in range(20) for e in engine.update(frame(200 + n / 5, [cut(0.9)]))]
    assert [e.why["foot"] for e in said] == ["estimated"]
    assert said[0].why["foot_y"] == pytest.approx(0.9, abs=0.02)
