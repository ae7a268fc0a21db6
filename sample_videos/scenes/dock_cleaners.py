"""Tuesday evening: two cleaners in their window, the guard on his listed round, a cat, a door on a lit hall.

Nothing to report.
"""

from dataclasses import replace

from sample_videos.renderer import wardrobe
from sample_videos.renderer.actors import Person
from sample_videos.renderer.conditions import Beam
from sample_videos.renderer.scene import Scene
from sample_videos.renderer.things import Cat, LitDoor
from sample_videos.renderer.walk import Stand, Walk
from sample_videos.scenes.dock_night import NIGHT

SCENE = Scene(
    clip="dock_cleaners",
    camera="dock",
    camera_id="dock-cleaners",
    title="Dock, Tuesday evening: cleaners and guard on listed visits, a cat, a lit door",
    start="2026-11-17T20:52:00+01:00",
    duration_s=60,
    fps=15,
    b_frames=3,
    weather=replace(NIGHT, exposure=1.35),
    people=(
        Person(
            "cleaner one",
            wardrobe.CLEANER,
            14.0,
            (29.0, 16.8),
            (
                Walk(((25.0, 15.4), (21.4, 15.0)), 1.2),
                Stand(7.0, 60),
                Walk(((20.4, 15.7),), 0.8),
                Stand(8.0, 20),
                Walk(((22.4, 15.4), (30.0, 16.6)), 1.3),
            ),
        ),
        Person(
            "cleaner two",
            wardrobe.SECOND_CLEANER,
            18.5,
            (29.4, 15.6),
            (
                Walk(((25.0, 14.0), (20.9, 14.25)), 1.2),
                Stand(16.0, -30, "phone"),
                Walk(((25.0, 14.4), (31.0, 16.0)), 1.25),
            ),
        ),
        Person(
            "guard",
            wardrobe.GUARD,
            25.5,
            (3.0, 14.7),
            (
                Walk(((12.0, 14.5), (18.9, 14.5)), 1.3),
                Stand(3.0, 80, "look"),
                Walk(((20.4, 13.2), (24.0, 12.9), (31.0, 15.4)), 1.35),
            ),
        ),
    ),
    things=(
        Cat(5.0, 13.0, (24.5, 12.0), ((20.0, 12.6), (14.0, 13.4), (8.0, 13.0)), 1.5),
        LitDoor(9.0, 54.0, (17.0, 17.88, 0.05), 1.3, 2.3),
    ),
    beams=(
        Beam(
            9.0,
            54.0,
            ((17.65, 18.2, 1.9), (17.65, 18.2, 1.9)),
            ((17.65, 14.0, 0.0), (17.65, 14.0, 0.0)),
            (16.0, 13.5, 9.5),
            0.45,
            0.8,
        ),
    ),
)
