"""The usual way through the yard, walked both ways for two minutes; one cuts across the storage bays."""

from sample_videos.renderer import wardrobe
from sample_videos.renderer.actors import Person
from sample_videos.renderer.conditions import Weather
from sample_videos.renderer.depot import surroundings
from sample_videos.renderer.scene import Scene
from sample_videos.renderer.walk import Walk

EAST_TO_WEST = ((31.0, 4.8), (27.6, 7.2), (24.2, 10.4), (21.2, 13.6), (18.4, 16.6))
WEST_TO_EAST = EAST_TO_WEST[::-1]


def _along(way: tuple[tuple[float, float], ...], shift: float) -> tuple[tuple[float, float], ...]:
    return tuple((x + shift, y + shift * 0.9) for x, y in way)


SCENE = Scene(
    clip="yard_walkway",
    camera="yard",
    camera_id="yard",
    title="Yard, morning: usual ways, and a cut across the bays",
    start="2026-11-18T11:02:00+01:00",
    duration_s=118,
    fps=10,
    b_frames=0,
    weather=Weather(
        sun_from=(0.62, -0.30, 0.72), sun=(2.0, 1.86, 1.62), sky=(0.72, 0.8, 0.92), exposure=0.78, noise=1.2
    ),
    extra=(surroundings,),
    people=(
        Person("clerk", wardrobe.CLERK, 2.5, (36.0, 1.6), (Walk((*_along(EAST_TO_WEST, 0.3), (15.0, 21.0)), 1.35),)),
        Person("driver", wardrobe.DRIVER, 12.0, (14.5, 21.0), (Walk((*_along(WEST_TO_EAST, 0.1), (36.0, 1.6)), 1.3),)),
        Person("worker", wardrobe.WORKER, 24.0, (36.0, 1.6), (Walk((*_along(EAST_TO_WEST, 0.2), (15.0, 21.0)), 1.4),)),
        Person(
            "apprentice",
            wardrobe.APPRENTICE,
            25.2,
            (36.0, 0.6),
            (Walk((*_along(EAST_TO_WEST, -0.5), (14.5, 20.2)), 1.4),),
        ),
        Person(
            "stranger",
            wardrobe.VISITOR,
            40.0,
            (36.0, 1.5),
            (
                Walk(((31.0, 4.8), (27.6, 7.2), (26.4, 8.2)), 1.35),
                Walk(((25.0, 4.4), (24.0, 1.6), (23.9, -2.4), (24.6, -4.6), (29.0, -5.2)), 1.5, tight=True),
            ),
        ),
        Person("porter", wardrobe.PORTER, 56.0, (14.5, 21.0), (Walk((*_along(WEST_TO_EAST, 0.0), (36.0, 1.6)), 1.35),)),
        Person("guard", wardrobe.GUARD, 68.0, (36.0, 1.6), (Walk((*_along(EAST_TO_WEST, 0.3), (15.0, 21.0)), 1.3),)),
        Person("picker", wardrobe.PICKER, 78.0, (14.5, 21.0), (Walk((*_along(WEST_TO_EAST, 0.1), (36.0, 1.6)), 1.35),)),
        Person(
            "foreman", wardrobe.FOREMAN, 92.0, (36.0, 1.6), (Walk((*_along(EAST_TO_WEST, 0.2), (15.0, 21.0)), 1.35),)
        ),
        Person(
            "cleaner", wardrobe.CLEANER, 97.0, (14.5, 21.0), (Walk((*_along(WEST_TO_EAST, 0.0), (36.0, 1.6)), 1.3),)
        ),
    ),
)
