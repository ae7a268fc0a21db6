"""Ordered zones: who enters a zone, coming from where. Zones out of order and forbidden ways are unusual routes.

A person is judged on the first analysed frame on which they are in a zone that they were not in on the frame before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rules.base import EPSILON_S, Active, Dated, Needs
from rules.geometry import Bools, ZoneIndex
from rules.link import HORIZON_S
from rules.scene import Scene
from rules.types import PERSON, Zone
from rules.view import View
from rules.walker import WalkerRule, foot_why, point

FLICKER_S = 10.0
"""Back in a zone after less than this: the same passage, not told of again."""


MAX_ZONES = 60
"""A bit for each zone in 64."""

SWEEP = 64
"""Frames between two looks for journeys to forget."""


@dataclass(slots=True)
class Journey:
    """Where one person has been: last time in each zone, zones they are in now, how far in the order, what was told.

    `left_t` is when they were last seen, once they are not; `mask` has a bit for each zone they are in.
    """

    last_t: dict[int, float] = field(default_factory=dict)
    now: tuple[int, ...] = ()
    reached: int = -1
    told: list[tuple[int, int]] = field(default_factory=list)
    left_t: float | None = None
    mask: int = 0

    def copy(self) -> Journey:
        return Journey(dict(self.last_t), self.now, self.reached, list(self.told), self.left_t, self.mask)

    def leave(self, zones: Sequence[int], t: float) -> None:
        """They were in these zones until now."""
        self.last_t.update(dict.fromkeys(zones, t))


class PassageRule(WalkerRule):
    """Follows everybody through a list of zones; what an entry means is for the rules below to say."""

    way: ClassVar[str] = ""

    def __init__(
        self, *, site: str, camera_id: str, rule_id: str, zones: Sequence[Zone], parameters: dict[str, Any],
        bridge_s: float, active: Active | None, classes: Sequence[int],
    ) -> None:  # fmt: skip
        if not 0 <= bridge_s <= HORIZON_S:
            raise ValueError(f"bridge_s must be between 0 and {HORIZON_S:g}, not {bridge_s}")
        if len({zone.zone_id for zone in zones}) != len(zones) or not 2 <= len(zones) <= MAX_ZONES:
            names = [z.zone_id for z in zones]
            raise ValueError(f"at least two different zones are needed, and at most {MAX_ZONES}, not {names}")
        super().__init__(
            site=site, camera_id=camera_id, rule_id=rule_id, zone_id=None, classes=classes, active=active,
            needs=Needs(min_fps=1.0, people=True),
            parameters={"zones": [[z.zone_id, z.polygon] for z in zones], "bridge_s": bridge_s, **parameters},
        )  # fmt: skip
        self.zones, self.bridge_s = tuple(zones), float(bridge_s)
        self._index = ZoneIndex([zone.polygon for zone in zones])
        self._rows: list[int] = []
        self._row_bits = 0
        self._bits = 1 << np.arange(len(zones), dtype=np.int64)
        self._hidden = False
        self._journeys: dict[int, Journey] = {}

    def bind(self, scene: Scene) -> None:
        super().bind(scene)
        self._rows = [scene.register(zone.polygon, self.classes) for zone in self.zones]
        self._row_bits = sum(1 << row for row in self._rows)

    def see(self, view: View) -> list[Dated]:
        walk, hidden = self.walkers(view)
        if view.seq % SWEEP == 0:
            self._forget(view.now.t)
        were_hidden, self._hidden = self._hidden, bool(hidden.any())
        everybody = self._fresh or self._hidden or were_hidden
        if not everybody and self._idle(view):
            return []
        self._follow_ids(view, self._journeys if self._fresh else view.moves.gone)
        self._fresh = False
        inside = view.inside[self._rows]
        if self._hidden:
            inside[:, hidden] = self._index.inside(walk.foot[hidden]) & view.inside[self._everybody][hidden]
        moved = range(len(view.uid)) if everybody else [m.row for m in view.moves.moves if m.row >= 0]
        rows = np.array(moved, np.intp)
        return self._pass(walk, rows[view.inside[self._everybody][rows]], inside, hidden)

    def _pass(self, walk: View, rows: NDArray[np.intp], inside: Bools, hidden: Bools) -> list[Dated]:
        """Those of these rows who came, or are in other zones than on the frame before."""
        said: list[Dated] = []
        masks = (self._bits @ inside[:, rows]).tolist()
        for row, uid, mask in zip(rows.tolist(), walk.uid[rows].tolist(), masks, strict=True):
            journey = self._journeys.get(uid)
            if journey is None or journey.left_t is not None or journey.mask != mask:
                zones = tuple(n for n in range(len(self.zones)) if mask >> n & 1)
                said += self._move(walk, row, zones, bool(hidden[row]))
                self._journeys[uid].mask = mask
        return said

    def finish(self, last: View | None) -> list[Dated]:
        self._journeys.clear()
        self._seen, self._fresh = None, True
        return []

    def entered(self, journey: Journey, zone: int, now_t: float, *, blind: bool) -> tuple[int, str] | None:
        """Somebody has come into a zone: (from which zone or -1, what is wrong with it), or None.

        `blind`: they are there since the camera began to see.
        """
        raise NotImplementedError

    def dump(self) -> dict[str, Any]:
        journeys = [
            [uid, list(j.last_t.items()), list(j.now), j.reached, [list(pair) for pair in j.told], j.left_t, j.mask]
            for uid, j in self._journeys.items()
        ]
        return {**super().dump(), "journeys": journeys}

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self._journeys = {
            uid: Journey(dict(last), tuple(now), reached, [(a, b) for a, b in told], left_t, mask)
            for uid, last, now, reached, told, left_t, mask in state["journeys"]
        }

    def _idle(self, view: View) -> bool:
        """Nobody came, went or changed zones."""
        return not (
            view.came or view.gap or view.links or view.splits or view.moves.rows & self._row_bits
        )  # fmt: skip

    def _forget(self, now_t: float) -> None:
        """The scene knows nobody by name who has been away for longer."""
        self._journeys = {
            uid: j for uid, j in self._journeys.items() if j.left_t is None or now_t - j.left_t <= HORIZON_S
        }

    def _follow_ids(self, view: View, gone: Iterable[int]) -> None:
        """Who is gone was there until the frame before; who continues somebody has been where they have been."""
        if view.before is not None:
            for uid in gone:
                journey = self._journeys.get(uid)
                if journey is not None and journey.left_t is None and uid not in view.index:
                    journey.leave(journey.now, view.before.t)
                    journey.left_t = view.before.t
        for split in view.splits:
            if split.new in self._journeys:
                self._journeys[split.old] = self._journeys[split.new].copy()
        for link in view.links:
            if link.old in self._journeys and link.gap_s <= self.bridge_s + EPSILON_S:
                self._journeys[link.new] = self._journeys.pop(link.old)

    def _move(self, walk: View, row: int, zones: tuple[int, ...], hidden: bool) -> list[Dated]:
        uid = int(walk.uid[row])
        known = uid in self._journeys
        journey = self._journeys.setdefault(uid, Journey())
        if journey.left_t is None and walk.before is not None:
            journey.leave([z for z in journey.now if z not in zones], walk.before.t)
        stayed = [z for z in zones if z in journey.now]
        journey.leave(stayed, walk.now.t)
        said = []
        for zone in zones:
            if zone in stayed:
                continue
            verdict = self.entered(journey, zone, walk.now.t, blind=walk.gap and not known)
            if verdict is not None:
                said.append(self._tell(walk, row, verdict[0], zone, verdict[1], hidden))
            journey.leave([zone], walk.now.t)
        journey.now, journey.left_t = zones, None
        return said

    def _tell(self, walk: View, row: int, origin: int, zone: int, reason: str, hidden: bool) -> Dated:
        foot = point(walk, row)
        why = {
            "way": self.way, "from": self.zones[origin].zone_id if origin >= 0 else None,
            "to": self.zones[zone].zone_id, "reason": reason, "foot_x": round(foot[0], 4), "foot_y": round(foot[1], 4),
            "foot": foot_why(hidden),
        }  # fmt: skip
        event = self._event(
            "start", since=walk.now, moment=walk.now, place=foot, track_ids=(int(walk.track_id[row]),),
            score=float(walk.score[row]), why=why, zone_id=self.zones[zone].zone_id,
        )  # fmt: skip
        return Dated(walk.now.t, event)


class SequenceRoute(PassageRule):
    """Zones to be passed in this order: a later one reached without those before it, or more than `within_s` after the
    one before it was last left, is unusual. Going back is not.

    Who is there when the camera starts to see has a history that nobody knows: their first zone is taken as it is.
    """

    way: ClassVar[str] = "sequence"

    def __init__(
        self, *, site: str, camera_id: str, rule_id: str, sequence: Sequence[Zone], within_s: float | None = None,
        bridge_s: float = 10.0, active: Active | None = None, classes: Sequence[int] = (PERSON,),
    ) -> None:  # fmt: skip
        if within_s is not None and not (math.isfinite(within_s) and within_s > 0):
            raise ValueError(f"within_s must be above 0, not {within_s}")
        super().__init__(
            site=site, camera_id=camera_id, rule_id=rule_id, zones=sequence, bridge_s=bridge_s, active=active,
            parameters={"way": self.way, "within_s": within_s}, classes=classes,
        )  # fmt: skip
        self.within_s = within_s

    def entered(self, journey: Journey, zone: int, now_t: float, *, blind: bool) -> tuple[int, str] | None:
        before, journey.reached = journey.reached, max(journey.reached, zone)
        if zone <= before or blind:
            return None
        if zone > before + 1:
            missing = ", ".join(z.zone_id for z in self.zones[before + 1 : zone])
            return before, f"reached {self.zones[zone].zone_id} without {missing}"
        if before < 0 or self.within_s is None:
            return None
        late_s = now_t - journey.last_t[before]
        if late_s <= self.within_s + EPSILON_S:
            return None
        names = self.zones[zone].zone_id, self.zones[before].zone_id
        return before, f"reached {names[0]} {late_s:.1f} s after {names[1]}, more than {self.within_s:g} s"


class ForbiddenRoute(PassageRule):
    """Ways from one zone to another that nobody may take, with no other zone of the rule between: the wrong way through
    a gate is its two sides, reversed.
    """

    way: ClassVar[str] = "forbidden"

    def __init__(
        self, *, site: str, camera_id: str, rule_id: str, forbidden: Sequence[tuple[Zone, Zone]],
        bridge_s: float = 10.0, active: Active | None = None, classes: Sequence[int] = (PERSON,),
    ) -> None:  # fmt: skip
        zones = list({zone.zone_id: zone for pair in forbidden for zone in pair}.values())
        names = [(a.zone_id, b.zone_id) for a, b in forbidden]
        if any(a == b for a, b in names):
            raise ValueError(f"a way leads from one zone to another, not {names}")
        super().__init__(
            site=site, camera_id=camera_id, rule_id=rule_id, zones=zones, bridge_s=bridge_s, active=active,
            parameters={"way": self.way, "forbidden": names}, classes=classes,
        )  # fmt: skip
        rank = {zone.zone_id: n for n, zone in enumerate(zones)}
        self._pairs = {(rank[a], rank[b]) for a, b in names}

    def entered(self, journey: Journey, zone: int, now_t: float, *, blind: bool) -> tuple[int, str] | None:
        others = {z: t for z, t in journey.last_t.items() if z != zone}
        latest_t = max(others.values(), default=0.0)
        came_from = [z for z, t in sorted(others.items()) if t == latest_t and (z, zone) in self._pairs]
        if not came_from:
            return None
        pair = (came_from[0], zone)
        if pair in journey.told and now_t - journey.last_t[zone] <= FLICKER_S + EPSILON_S:
            return None
        journey.told = [*(p for p in journey.told if p != pair), pair]
        return pair[0], f"went from {self.zones[pair[0]].zone_id} to {self.zones[zone].zone_id}"
