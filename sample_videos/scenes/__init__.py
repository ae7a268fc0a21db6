"""One file a clip: camera, light, wall time, who does what. `SCENES` lists them in the order of the manifest."""

from __future__ import annotations

from ..renderer.scene import Scene
from . import corridor_day, dock_night, fence_rain, yard_walkway

SCENES: dict[str, Scene] = {
    module.SCENE.clip: module.SCENE for module in (corridor_day, yard_walkway, dock_night, fence_rain)
}
