"""Unusual route: one kind, three ways to say what is usual. A drawn corridor, ordered zones, or a learned model."""

from __future__ import annotations

from collections.abc import Sequence

from rules.base import Active, SceneRule
from rules.corridor import Corridor, CorridorRoute
from rules.learned import LearnedRoute, Routes
from rules.passage import ForbiddenRoute, SequenceRoute
from rules.types import PERSON, Zone

__all__ = ["Corridor", "CorridorRoute", "ForbiddenRoute", "LearnedRoute", "SequenceRoute", "unusual_route"]


def unusual_route(
    *, site: str, camera_id: str, rule_id: str, model: Routes | None = None, false_alarms_per_week: float = 1.0,
    corridor: Corridor | None = None, off_s: float | None = None, sequence: Sequence[Zone] = (),
    within_s: float | None = None, forbidden: Sequence[tuple[Zone, Zone]] = (), active: Active | None = None,
    classes: Sequence[int] = (PERSON,),
) -> SceneRule:  # fmt: skip
    """The rule for the one way that is given.

    Raises:
        ValueError: none or several of model, corridor, sequence and forbidden are given, or one cannot be meant.
    """
    ways = {
        "model": model is not None, "corridor": corridor is not None, "sequence": len(sequence) > 0,
        "forbidden": len(forbidden) > 0,
    }  # fmt: skip
    if sum(ways.values()) != 1:
        given = [name for name, there in ways.items() if there]
        raise ValueError(f"unusual_route needs one of {', '.join(ways)}, not {given or 'none'}")
    if corridor is not None:
        return CorridorRoute(
            site=site, camera_id=camera_id, rule_id=rule_id, corridor=corridor, off_s=off_s or 0.0, active=active,
            classes=classes,
        )  # fmt: skip
    if len(sequence):
        return SequenceRoute(
            site=site, camera_id=camera_id, rule_id=rule_id, sequence=sequence, within_s=within_s, active=active,
            classes=classes,
        )  # fmt: skip
    if len(forbidden):
        return ForbiddenRoute(
            site=site, camera_id=camera_id, rule_id=rule_id, forbidden=forbidden, active=active, classes=classes
        )
    assert model is not None
    return LearnedRoute(
        site=site, camera_id=camera_id, rule_id=rule_id, model=model, false_alarms_per_week=false_alarms_per_week,
        active=active, classes=classes,
    )  # fmt: skip
