"""Saturday night: somebody comes to the closed dock, tries the doors, and runs."""

from sample_videos.renderer import wardrobe
from sample_videos.renderer.actors import Person
from sample_videos.renderer.conditions import Lamp, Weather
from sample_videos.renderer.scene import Scene
from sample_videos.renderer.walk import Stand, Walk

SODIUM, LED = (30.0, 24.0, 15.0), (14.0, 14.0, 13.5)
LAMPS = (
    Lamp((14.6, 7.0, 5.85), SODIUM),
    Lamp((20.0, 16.9, 5.0), LED),
    Lamp((10.0, 16.9, 5.0), LED),
    Lamp((29.6, 6.6, 5.9), SODIUM),
    Lamp((25.0, 8.2, 6.0), (40.0, 35.0, 27.0)),
)
NIGHT = Weather(sun=(0, 0, 0), sky=(0.034, 0.040, 0.055), lamps=LAMPS, exposure=1.3, noise=1.7, grey=0.15)

SCENE = Scene(
    clip="dock_night",
    camera="dock",
    camera_id="dock",
    title="Dock, Saturday night: an intruder under the lamps",
    start="2026-11-21T23:40:00+01:00",
    duration_s=48,
    fps=12.5,
    b_frames=2,
    crf=20,
    weather=NIGHT,
    people=(
        Person(
            "intruder",
            wardrobe.INTRUDER,
            7.0,
            (29.5, 17.2),
            (
                Walk(((26.0, 15.4), (23.0, 14.6)), 1.1),
                Stand(3.0, -60, "phone"),
                Walk(((20.9, 14.4),), 1.0),
                Stand(6.0, 0, "phone"),
                Walk(((19.2, 14.4),), 0.8),
                Stand(4.0, -70, "look"),
                Walk(((20.0, 13.2), (24.0, 13.6), (31.0, 16.6)), 2.9),
            ),
        ),
    ),
)
