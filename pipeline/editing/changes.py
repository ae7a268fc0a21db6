"""Which cameras another site touches: the others go on undisturbed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.site import Site
from pipeline.site.models import CameraConfig


@dataclass(frozen=True, slots=True)
class Changes:
    """Cameras by what a new site does to them, each in the order of its file."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    altered: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.altered)


def changes(old: Site, new: Site) -> Changes:
    """A camera is altered where its own part is, or a calendar that one of its rules asks, or what all share."""
    shared = _shared(old) != _shared(new)
    both = [camera_id for camera_id in new.cameras if camera_id in old.cameras]
    return Changes(
        added=tuple(camera_id for camera_id in new.cameras if camera_id not in old.cameras),
        removed=tuple(camera_id for camera_id in old.cameras if camera_id not in new.cameras),
        altered=tuple(one for one in both if shared or _own(old, one) != _own(new, one)),
    )


def _shared(site: Site) -> tuple[object, ...]:
    return site.site, site.detector, site.alerts


def _own(site: Site, camera_id: str) -> tuple[CameraConfig, Mapping[str, object]]:
    camera = site.cameras[camera_id]
    asked = sorted({name for rule in camera.rules for name in rule.calendar_names()})
    return camera, {name: site.calendars[name] for name in asked}
