"""At the gate by the fence: the usual way out, one who turns back at it, one who comes against it, one who paces."""

from dataclasses import replace

from sample_videos.renderer import wardrobe
from sample_videos.renderer.actors import Person
from sample_videos.renderer.conditions import Beam, Lamp, Weather
from sample_videos.renderer.depot import gate, surroundings
from sample_videos.renderer.scene import Scene
from sample_videos.renderer.things import Car
from sample_videos.renderer.walk import Stand, Walk

EVENING = Weather(
    sun=(0, 0, 0),
    sky=(0.20, 0.24, 0.34),
    exposure=1.2,
    noise=1.4,
    wind=0.5,
    lamps=(
        Lamp((31.0, -14.4, 5.9), (26.0, 22.0, 15.0)),
        Lamp((22.0, -9.0, 5.9), (30.0, 26.0, 18.0)),
        Lamp((38.0, -9.5, 6.0), (20.0, 18.0, 15.0)),
    ),
)

CAR = Car(3.6, 11.0, (-4.0, -20.3), (40.0, -20.3))

SCENE = Scene(
    clip="fence_gate",
    camera="fence",
    camera_id="fence-gate",
    title="Fence, dusk: against the usual way, a turn back, pacing, headlights",
    start="2026-11-20T17:20:00+01:00",
    duration_s=86,
    fps=10,
    b_frames=2,
    trees=True,
    weather=EVENING,
    extra=(surroundings, gate),
    people=(
        Person("clerk", wardrobe.CLERK, 8.0, (40.4, -12.2), (Walk(((34.0, -12.0), (24.0, -12.0), (4.0, -12.0)), 1.4),)),
        Person(
            "forgot",
            wardrobe.VISITOR,
            18.0,
            (40.6, -13.0),
            (
                Walk(((34.0, -12.6), (28.7, -12.6)), 1.4),
                Stand(1.8, 180, "look"),
                Walk(((34.0, -11.6), (40.6, -11.2)), 1.5),
            ),
        ),
        Person(
            "inbound",
            wardrobe.STRANGER,
            20.0,
            (4.0, -12.6),
            (Walk(((18.0, -12.4), (26.0, -12.0), (34.0, -12.2), (41.0, -12.6)), 1.5),),
        ),
        Person(
            "pacer",
            wardrobe.FOREMAN,
            44.0,
            (31.0, -3.6),
            (
                Walk(((30.0, -7.2), (28.6, -8.6)), 1.2),
                Stand(2.0, -60),
                Walk(((30.6, -9.0),), 0.8),
                Stand(1.5, 180),
                Walk(((28.2, -9.0),), 0.8),
                Stand(2.5, -30, "phone"),
                Walk(((30.4, -8.6),), 0.8),
                Stand(2.0, 180),
                Walk(((28.4, -9.0),), 0.8),
                Stand(3.0, -20, "phone"),
                Walk(((30.2, -8.8),), 0.8),
                Stand(3.0, 100),
                Walk(((30.6, -6.4), (31.4, -3.2)), 1.3),
            ),
        ),
    ),
    things=(CAR, replace(CAR, lights=True)),
    beams=(
        Beam(
            CAR.begin_s,
            CAR.end_s,
            ((-1.7, -20.3, 0.8), (42.3, -20.3, 0.8)),
            ((10.3, -19.4, 0.3), (56.3, -19.0, 0.3)),
            (160.0, 150.0, 125.0),
            0.93,
        ),
    ),
)
