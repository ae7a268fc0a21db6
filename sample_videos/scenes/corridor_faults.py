"""The camera itself is attacked: covered, frozen, turned away and back.

Rules have nothing to say; the camera's health does, each time once, with its usual limits. Of a frozen picture an
encoder makes copies that differ in nothing only within a group of pictures, and only where it does not spend what it
saved on refining them; hence the long groups, and no `mbtree`.
"""

from sample_videos.renderer import wardrobe
from sample_videos.renderer.actors import Person
from sample_videos.renderer.conditions import Weather
from sample_videos.renderer.scene import Fault, Scene
from sample_videos.renderer.walk import Walk

SCENE = Scene(
    clip="corridor_faults",
    camera="corridor",
    camera_id="corridor-faults",
    title="Corridor: camera covered, frozen, turned away",
    start="2026-11-20T09:30:00+01:00",
    duration_s=108,
    fps=10,
    b_frames=0,
    keyframe_s=16.0,
    x264="mbtree=0",
    weather=Weather(sun=(0, 0, 0), sky=(1.0, 0.98, 0.92), exposure=1.1, noise=1.2),
    people=(
        Person("picker", wardrobe.PICKER, 5.0, (34.6, 23.0), (Walk(((30.0, 23.0), (22.0, 23.1), (3.0, 23.6)), 1.35),)),
        Person("porter", wardrobe.PORTER, 20.0, (3.0, 24.0), (Walk(((12.0, 23.2), (24.0, 23.0), (35.0, 22.8)), 1.45),)),
        Person("worker", wardrobe.WORKER, 44.0, (34.6, 23.2), (Walk(((30.0, 23.2), (20.0, 23.4), (3.0, 23.8)), 1.35),)),
        Person("clerk", wardrobe.CLERK, 74.0, (3.0, 24.2), (Walk(((12.0, 24.6), (24.0, 24.4), (35.0, 23.6)), 1.4),)),
    ),
    faults=(
        Fault("covered", 18.0, 41.5),
        Fault("frozen", 49.0, 63.0),
        Fault("moved", 70.0, 102.0, (22.6, 28.2, 0.7)),
    ),
)
