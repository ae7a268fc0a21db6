"""Two people wait together in the storage bays at dusk; others go by, one of them running."""

from sample_videos.renderer import wardrobe
from sample_videos.renderer.actors import Person
from sample_videos.renderer.conditions import Lamp, Weather
from sample_videos.renderer.scene import Scene
from sample_videos.renderer.walk import Stand, Walk
from sample_videos.scenes.yard_walkway import EAST_TO_WEST, WEST_TO_EAST

DUSK = Weather(
    sun=(0, 0, 0),
    sky=(0.26, 0.30, 0.40),
    exposure=1.15,
    noise=1.3,
    lamps=(
        Lamp((29.6, 6.6, 5.9), (22.0, 19.0, 14.0)),
        Lamp((14.6, 7.0, 5.9), (22.0, 19.0, 14.0)),
        Lamp((31.5, 15.5, 5.6), (14.0, 13.0, 11.0)),
    ),
)

SCENE = Scene(
    clip="yard_dusk",
    camera="yard",
    camera_id="yard-dusk",
    title="Yard, dusk: a pair waits in the bays, others go by",
    start="2026-11-18T17:08:00+01:00",
    duration_s=75,
    fps=12.5,
    b_frames=2,
    weather=DUSK,
    people=(
        Person(
            "first",
            wardrobe.DRIVER,
            3.5,
            (36.0, 1.5),
            (
                Walk(((31.0, 4.6), (28.0, 6.0), (25.4, 6.0)), 1.35),
                Stand(34.0, 20),
                Walk(((28.4, 5.4), (36.0, 1.0)), 1.4),
            ),
        ),
        Person(
            "second",
            wardrobe.CLERK,
            9.0,
            (36.0, 0.6),
            (
                Walk(((31.0, 4.2), (28.0, 5.2), (26.6, 5.7)), 1.3),
                Stand(29.5, 185),
                Walk(((29.0, 4.8), (36.0, 0.4)), 1.3),
            ),
        ),
        Person(
            "worker",
            wardrobe.WORKER,
            18.0,
            (14.5, 21.4),
            (Walk((*((x, y + 1.0) for x, y in WEST_TO_EAST), (36.0, 2.4)), 1.35),),
        ),
        Person(
            "runner",
            wardrobe.APPRENTICE,
            40.0,
            (36.0, 2.4),
            (Walk((*((x, y + 0.9) for x, y in EAST_TO_WEST), (14.5, 21.4)), 2.9),),
        ),
        Person(
            "porter",
            wardrobe.PORTER,
            52.0,
            (14.0, 21.4),
            (Walk((*((x, y + 0.8) for x, y in WEST_TO_EAST), (36.0, 2.2)), 1.3),),
        ),
    ),
)
