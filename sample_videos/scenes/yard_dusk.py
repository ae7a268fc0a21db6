"""Two people wait together in the storage bays at dusk; others go by, one of them running."""

from sample_videos.renderer import wardrobe
from sample_videos.renderer.actors import Person
from sample_videos.renderer.conditions import Lamp, Weather
from sample_videos.renderer.depot import surroundings
from sample_videos.renderer.scene import Scene
from sample_videos.renderer.walk import Stand, Walk
from sample_videos.scenes.yard_walkway import EAST_TO_WEST, WEST_TO_EAST

DUSK = Weather(
    sun=(0, 0, 0),
    sky=(0.46, 0.50, 0.62),
    exposure=0.92,
    noise=1.3,
    lamps=(
        Lamp((29.6, 6.6, 5.9), (9.0, 7.8, 5.6)),
        Lamp((14.6, 7.0, 5.9), (14.0, 12.0, 9.0)),
        Lamp((31.5, 15.5, 5.6), (7.0, 6.5, 5.5)),
    ),
)

SCENE = Scene(
    clip="yard_dusk",
    camera="yard",
    camera_id="yard-dusk",
    title="Yard, dusk: a pair waits in the bays, others go by",
    start="2026-11-18T17:08:00+01:00",
    duration_s=66,
    fps=10,
    b_frames=2,
    weather=DUSK,
    extra=(surroundings,),
    people=(
        Person(
            "first",
            wardrobe.DRIVER,
            3.5,
            (36.0, 1.5),
            (
                Walk(((31.0, 4.6), (27.6, 6.4), (24.4, 6.4)), 1.35),
                Stand(34.0, -30),
                Walk(((28.4, 5.4), (36.0, 1.0)), 1.4),
            ),
        ),
        Person(
            "second",
            wardrobe.FOREMAN,
            9.0,
            (36.0, 0.6),
            (
                Walk(((31.0, 4.2), (29.0, 4.4), (27.0, 4.6)), 1.3),
                Stand(29.5, 140),
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
            46.0,
            (14.0, 21.4),
            (Walk((*((x, y + 0.8) for x, y in WEST_TO_EAST), (36.0, 2.2)), 1.3),),
        ),
    ),
)
