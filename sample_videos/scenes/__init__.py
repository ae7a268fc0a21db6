"""One file a clip: camera, light, wall time, who does what. `SCENES` lists them in the order of the manifest."""

from __future__ import annotations

from sample_videos.renderer.scene import Scene

from . import (
    corridor_day,
    corridor_faults,
    dock_cleaners,
    dock_closing,
    dock_night,
    fence_gate,
    fence_rain,
    yard_dusk,
    yard_walkway,
)

SCENES: dict[str, Scene] = {
    module.SCENE.clip: module.SCENE
    for module in (
        corridor_day,
        yard_walkway,
        dock_night,
        fence_rain,
        yard_dusk,
        dock_closing,
        dock_cleaners,
        fence_gate,
        corridor_faults,
    )
}
