"""Somebody loiters among people at work: hidden for some seconds by a pillar, and once a step outside the zone."""

from sample_videos.renderer import wardrobe
from sample_videos.renderer.actors import Person
from sample_videos.renderer.conditions import Weather
from sample_videos.renderer.scene import Scene
from sample_videos.renderer.walk import Stand, Walk

SCENE = Scene(
    clip="corridor_day",
    camera="corridor",
    camera_id="corridor",
    title="Corridor, morning: a loiterer behind a pillar",
    start="2026-11-18T10:14:00+01:00",
    duration_s=70,
    fps=12.5,
    b_frames=2,
    weather=Weather(sun=(0, 0, 0), sky=(1.0, 0.98, 0.92), exposure=1.1, noise=1.2),
    people=(
        Person("worker", wardrobe.WORKER, 3.5, (34.5, 23.0), (Walk(((30.0, 23.0), (22.0, 23.2), (3.0, 23.8)), 1.35),)),
        Person(
            "stranger",
            wardrobe.STRANGER,
            8.0,
            (28.6, 30.0),
            (
                Walk(((28.5, 27.6), (27.4, 25.6), (25.2, 24.9)), 1.1),
                Stand(4.5, 60, "phone"),
                Stand(3.0, 180),
                Walk(((24.6, 25.5), (24.1, 26.5)), 1.0),
                Stand(1.8, 160),
                Walk(((23.8, 26.0), (23.4, 25.1)), 1.0),
                Stand(3.0, -60, "look"),
                Walk(((23.4, 24.3), (23.0, 23.55), (23.6, 23.9), (24.2, 25.0)), 1.3),
                Stand(15.0, 20, "phone"),
                Walk(((22.0, 24.0), (10.0, 23.6), (3.0, 23.6)), 1.4),
            ),
        ),
        Person("porter", wardrobe.PORTER, 13.0, (3.0, 24.3), (Walk(((12.0, 23.2), (24.0, 22.9), (35.0, 22.6)), 1.45),)),
        Person(
            "picker",
            wardrobe.PICKER,
            40.0,
            (20.9, 30.0),
            (Walk(((20.9, 27.6), (22.5, 24.6), (27.0, 23.3), (35.0, 23.4)), 1.3),),
        ),
        Person(
            "foreman",
            wardrobe.FOREMAN,
            50.0,
            (34.6, 24.3),
            (Walk(((31.0, 24.6), (24.0, 25.0), (12.0, 24.0), (3.0, 23.8)), 1.3),),
        ),
    ),
)
