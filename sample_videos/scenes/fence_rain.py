"""Rain and wind, ordinary people only: nobody may be alerted but by the counting line; one walks very slowly."""

from sample_videos.renderer import wardrobe
from sample_videos.renderer.actors import Person
from sample_videos.renderer.conditions import Weather
from sample_videos.renderer.depot import surroundings
from sample_videos.renderer.scene import Scene
from sample_videos.renderer.walk import Stand, Walk

SCENE = Scene(
    clip="fence_rain",
    camera="fence",
    camera_id="fence",
    title="Fence, rain and wind: ordinary people, one very slow",
    start="2026-11-19T16:05:00+01:00",
    duration_s=75,
    fps=10,
    b_frames=0,
    trees=True,
    weather=Weather(sun=(0, 0, 0), sky=(0.80, 0.85, 0.95), rain=0.7, wet=0.7, wind=0.8, exposure=0.85, noise=1.2),
    extra=(surroundings,),
    people=(
        Person("guard", wardrobe.GUARD, 4.0, (40.5, -13.6), (Walk(((34.0, -13.4), (24.0, -13.6), (8.0, -13.4)), 1.3),)),
        Person(
            "driver",
            wardrobe.DRIVER,
            16.0,
            (31.0, -3.4),
            (Walk(((30.0, -7.5), (28.0, -12.0), (20.0, -12.6), (6.0, -12.4)), 1.3),),
        ),
        Person(
            "slow",
            wardrobe.CLERK,
            26.0,
            (40.2, -12.6),
            (
                Walk(((34.6, -12.4), (28.0, -12.8)), 0.62),
                Stand(3.0),
                Walk(((26.0, -10.5), (28.0, -7.0), (30.4, -3.2)), 0.9),
            ),
        ),
        Person(
            "visitor",
            wardrobe.VISITOR,
            40.0,
            (8.0, -13.0),
            (Walk(((20.0, -13.2), (34.0, -13.6), (41.0, -13.7)), 1.45),),
        ),
    ),
)
