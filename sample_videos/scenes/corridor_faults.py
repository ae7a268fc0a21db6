"""The camera itself is attacked: covered, frozen, turned away. Rules have nothing to say; the camera's health does."""

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
    duration_s=76,
    fps=10,
    b_frames=0,
    weather=Weather(sun=(0, 0, 0), sky=(1.0, 0.98, 0.92), exposure=1.1, noise=1.2),
    people=(
        Person("picker", wardrobe.PICKER, 5.0, (34.6, 23.0), (Walk(((30.0, 23.0), (22.0, 23.1), (3.0, 23.6)), 1.35),)),
        Person("porter", wardrobe.PORTER, 26.0, (3.0, 24.0), (Walk(((12.0, 23.2), (24.0, 23.0), (35.0, 22.8)), 1.45),)),
        Person("worker", wardrobe.WORKER, 46.0, (34.6, 23.2), (Walk(((30.0, 23.2), (20.0, 23.4), (3.0, 23.8)), 1.35),)),
    ),
    faults=(
        Fault("covered", 16.0, 30.0),
        Fault("frozen", 38.0, 50.0),
        Fault("moved", 66.0, 76.0, (22.6, 28.2, 0.7)),
    ),
)
