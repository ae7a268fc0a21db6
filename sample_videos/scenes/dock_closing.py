"""Closing time, 36 s in: one leaves 8 s after it, within the grace, one stays on; a driverless forklift passes."""

from sample_videos.renderer import wardrobe
from sample_videos.renderer.actors import Person
from sample_videos.renderer.conditions import Lamp, Weather
from sample_videos.renderer.depot import surroundings
from sample_videos.renderer.scene import Scene
from sample_videos.renderer.things import Forklift
from sample_videos.renderer.walk import Stand, Walk
from sample_videos.scenes.dock_night import LAMPS

DUSK = Weather(
    sun=(0, 0, 0),
    sky=(0.16, 0.20, 0.30),
    lamps=(*LAMPS, Lamp((24.0, 10.0, 6.0), (20.0, 18.0, 15.0))),
    exposure=1.0,
    noise=1.4,
)

SCENE = Scene(
    clip="dock_closing",
    camera="dock",
    camera_id="dock-closing",
    title="Dock, closing time at dusk: a straggler, a forklift",
    start="2026-11-18T19:59:24+01:00",
    duration_s=66,
    fps=10,
    weather=DUSK,
    extra=(surroundings,),
    people=(
        Person(
            "worker",
            wardrobe.WORKER,
            5.0,
            (28.5, 17.0),
            (
                Walk(((24.0, 14.8), (21.0, 14.4), (19.4, 14.5)), 1.3),
                Stand(8.0, -30),
                Walk(((18.3, 14.8),), 0.8),
                Stand(7.5, 60, "look"),
                Walk(((17.6, 14.9), (17.9, 14.4)), 0.8),
                Stand(8.0, -30, "phone"),
                Walk(((18.4, 13.0), (20.4, 11.6), (23.0, 11.4), (31.0, 13.4)), 1.4),
            ),
        ),
        Person(
            "straggler",
            wardrobe.PICKER,
            14.0,
            (29.0, 16.4),
            (
                Walk(((25.0, 14.9), (21.6, 14.9)), 1.2),
                Stand(9.0, 100, "phone"),
                Walk(((20.0, 14.5),), 0.9),
                Stand(12.0, 0),
                Walk(((20.4, 14.4), (20.9, 14.6)), 0.7),
                Stand(8.0, -40, "phone"),
                Walk(((24.0, 14.8), (31.0, 16.6)), 1.5),
            ),
        ),
    ),
    things=(Forklift(17.0, (4.0, 10.6), ((10.0, 10.5), (18.0, 10.4), (23.0, 11.6), (30.0, 14.8)), 1.7),),
)
