"""People walk as people do: planted feet stay, legs keep their length, nobody jumps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sample_videos.renderer.actors import Person
from sample_videos.renderer.body import Look, build
from sample_videos.renderer.mesh import surface
from sample_videos.renderer.pose import joints_of
from sample_videos.renderer.skeleton import SHIN, THIGH
from sample_videos.renderer.walk import Stand, Walk, compile_acts, smooth, stance_at
from sample_videos.scenes import SCENES

WAYS = {
    "straight": (Walk(((8.0, 0.0),), 1.3),),
    "slow": (Walk(((4.0, 0.0),), 0.6),),
    "running": (Walk(((12.0, 0.0),), 2.9),),
    "a bend, a stop and back": (Walk(((3.0, 0.0), (4.0, 2.0)), 1.2), Stand(2.0, 180), Walk(((0.0, 2.0),), 1.0)),
    "three steps": (Walk(((1.5, 0.0),), 0.8),),
}
every_way = pytest.mark.parametrize("name", list(WAYS))
STEP_S = 0.02


def stances(name: str):
    legs = compile_acts((0.0, 0.0), 1.0, WAYS[name])
    return [stance_at(legs, t) for t in np.arange(1.0, legs[-1].end - 1e-6, STEP_S)]


@every_way
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_foot_on_the_ground_does_not_slide(name: str, side: str) -> None:
    feet = [getattr(stance, side) for stance in stances(name)]
    for before, after in pairwise(feet):
        if before.lift == 0.0 and after.lift == 0.0 and abs(before.heading - after.heading) < 1e-9:
            assert np.linalg.norm(after.xy - before.xy) < 1e-9


@every_way
def test_nobody_jumps(name: str) -> None:
    found = stances(name)
    for before, after in pairwise(found):
        assert np.linalg.norm(after.xy - before.xy) < 4.0 * STEP_S
        assert abs(after.heading - before.heading) < 6.0 * STEP_S
        for side in ("left", "right"):
            assert np.linalg.norm(getattr(after, side).xy - getattr(before, side).xy) < 14.0 * STEP_S


@every_way
def test_one_foot_is_always_down_unless_running(name: str) -> None:
    for stance in stances(name):
        assert min(stance.left.lift, stance.right.lift) < 1e-9 or stance.act == "run"


@every_way
def test_legs_keep_their_length(name: str) -> None:
    for stance in stances(name)[::5]:
        joints, _ = joints_of(stance, Look(), 0.0, 1)
        for s in "lr":
            assert np.linalg.norm(joints[f"knee_{s}"] - joints[f"hip_{s}"]) == pytest.approx(THIGH, abs=0.01)
            assert np.linalg.norm(joints[f"ankle_{s}"] - joints[f"knee_{s}"]) <= SHIN + 0.02


def test_opposite_arm_and_leg_go_forward_together() -> None:
    for stance in stances("straight"):
        joints, _ = joints_of(stance, Look(), 0.0, 1)
        legs = joints["ankle_l"][0] - joints["ankle_r"][0]
        arms = joints["wrist_l"][0] - joints["wrist_r"][0]
        if abs(legs) > 0.4 and stance.speed > 1.2:
            assert legs * arms < 0


def test_before_and_after_their_time_people_are_not_there() -> None:
    legs = compile_acts((0.0, 0.0), 1.0, WAYS["straight"])
    assert stance_at(legs, 0.99) is None
    assert stance_at(legs, legs[-1].end) is None
    assert stance_at((), 0.0) is None


def test_posed_bodies_stand_on_the_ground_and_are_as_tall_as_said() -> None:
    person = Person("somebody", Look(height_m=1.9), 0.0, (5.0, 5.0), (Stand(4.0, 90),))
    shape = person.shape(2.0)
    assert shape is not None
    assert shape.points[:, 2].min() == pytest.approx(0.0, abs=0.03)
    assert shape.points[:, 2].max() == pytest.approx(1.9, abs=0.08)
    assert np.linalg.norm(shape.normals, axis=1) == pytest.approx(1.0)


def test_bone_weights_share_out_every_corner() -> None:
    mesh = build(Look(carries="bag", vest=(200, 200, 0), helmet=(255, 255, 255)))
    assert mesh.weights.sum(1) == pytest.approx(1.0)
    assert mesh.triangles.max() < len(mesh.points)


def test_surface_of_a_ball_is_closed_and_round() -> None:
    points, triangles = surface(lambda p: np.linalg.norm(p, axis=1) - 0.5, (-1, -1, -1), (1, 1, 1), 0.1)
    assert np.linalg.norm(points, axis=1) == pytest.approx(0.5, abs=0.02)
    edges = np.sort(np.concatenate((triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]])), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    a, b, c = (points[triangles[:, i]] for i in range(3))
    assert ((np.cross(b - a, c - a) * (a + b + c)).sum(1) > 0).all()


def test_smoothing_keeps_the_ends() -> None:
    way = smooth(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 3.0]]), tight=False)
    assert way[0] == pytest.approx([0, 0])
    assert way[-1] == pytest.approx([2, 3])
    assert np.linalg.norm(np.diff(way, axis=0), axis=1).max() < 0.06


def test_scenes_name_themselves() -> None:
    for name, scene in SCENES.items():
        assert scene.clip == name
        assert 40 <= scene.duration_s <= 120
        assert 10 <= scene.fps <= 25
