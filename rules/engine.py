"""One camera's rules over its tracks: one scene for all, gates, and one order in which events are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from rules.base import NEAR_MISSES, NEVER_T, Active, Dated, NearMiss, Rule, SceneRule, telling
from rules.names import Names
from rules.scene import Scene
from rules.types import Event, Tracks
from rules.view import View

STATE_VERSION = 3

LOOK_AHEAD = 256
"""Frames taken at once by `update_all`."""


@dataclass(slots=True)
class Gate:
    """Whether a rule is on, and when and why it was off: [since utc, until utc, reason], the latest ones."""

    on: bool = True
    off: list[tuple[float, float, str]] = field(default_factory=list)

    def keep(self, active: Active, utc: float) -> None:
        """Off on this frame too, or from it on."""
        since_utc = utc
        if not self.on and self.off:
            since_utc = self.off.pop()[0]
        self.off = [*self.off[-NEAR_MISSES:], (since_utc, utc, active.schedule.reason(utc))]
        self.on = False


class Engine:
    """All rules of one camera.

    What a frame says comes by the time at which it was sure, then by the order of the rules: the same whether the end
    of a recording is told by `close` or by empty frames.

    `exact_ids`: people annotated the tracks, and none continues another.

    Raises:
        ValueError: two rules share an id.
    """

    def __init__(self, rules: Sequence[Rule], *, exact_ids: bool = False) -> None:
        ids = [rule.rule_id for rule in rules]
        if len(set(ids)) != len(ids):
            raise ValueError(f"rule ids must differ: {ids}")
        self.rules = tuple(rules)
        self._scene = Scene(Names(exact=exact_ids))
        self._gates = {rule_id: Gate() for rule_id in ids}
        for rule in self.rules:
            if isinstance(rule, SceneRule):
                rule.bind(self._scene)

    def update(self, tracks: Tracks) -> list[Event]:
        """Take in one analysed frame, in order, also when nobody is there; the events that became true on it."""
        view = self._scene.view(tracks)
        said: list[tuple[int, Dated]] = []
        for n, rule in enumerate(self.rules):
            active: Active | None = getattr(rule, "active", None)
            if active is not None and not active.on(tracks.utc):
                said += [(n, dated) for dated in self._rest(rule, active, view)]
                continue
            self._gates[rule.rule_id].on = True
            dated = rule.see(view) if isinstance(rule, SceneRule) else _dated(rule.update(tracks), view.now.t)
            said += [(n, d) for d in dated]
        return _in_order(said)

    def update_all(self, tracks: Iterable[Tracks]) -> Iterator[list[Event]]:
        """`update` for each of many recorded frames; looks ahead so as to test their feet against the zones at once."""
        frames = iter(tracks)
        while batch := list(islice(frames, LOOK_AHEAD)):
            self._scene.foresee(batch)
            for one in batch:
                yield self.update(one)

    def close(self, *, utc: float, reason: str) -> list[Event]:
        """End what is open, because tracks stop coming. An end is of the last frame on which it was true."""
        said: list[tuple[int, Dated]] = []
        for n, rule in enumerate(self.rules):
            if isinstance(rule, SceneRule):
                said += [(n, dated) for dated in rule.finish(self._scene.last)]
            else:
                said += [(n, dated) for dated in _dated(rule.close(utc=utc, reason=reason), NEVER_T)]
        return _in_order(said)

    def near_misses(self, since_utc: float, until_utc: float) -> list[NearMiss]:
        """What was watched in this time and not reported, and the rules that were off, in the order of the rules."""
        found: list[NearMiss] = []
        for rule in self.rules:
            if isinstance(rule, SceneRule):
                found += rule.near_misses(since_utc, until_utc)
            found += [
                NearMiss(
                    rule_id=rule.rule_id, kind=rule.kind, zone_id=rule.zone_id, track_ids=(), since_utc=since,
                    until_utc=until, reason=f"the rule was off: {reason}", why={},
                )
                for since, until, reason in self._gates[rule.rule_id].off
                if since <= until_utc and until >= since_utc
            ]  # fmt: skip
        return found

    def state(self) -> dict[str, Any]:
        """A JSON value from which `restore` goes on exactly, also in another process. Near misses are not in it."""
        rules = {
            rule.rule_id: {
                "rule_version": rule.rule_version, "on": self._gates[rule.rule_id].on, "state": rule.state()
            }
            for rule in self.rules
        }  # fmt: skip
        return {"version": STATE_VERSION, "scene": self._scene.state(), "rules": rules}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`. A rule that was edited since starts afresh, as does all of it after an upgrade."""
        if state.get("version") != STATE_VERSION:
            return
        self._scene.restore(state["scene"])
        for rule in self.rules:
            saved = state["rules"].get(rule.rule_id)
            if saved is not None and saved["rule_version"] == rule.rule_version:
                rule.restore(saved["state"])
                self._gates[rule.rule_id].on = saved["on"]

    def _rest(self, rule: Rule, active: Active, view: View) -> list[Dated]:
        """A rule that is off says nothing; on its first frame off, what was open ends as of the frame before."""
        gate = self._gates[rule.rule_id]
        was_on = gate.on
        gate.keep(active, view.now.utc)
        if not was_on or view.earlier is None:
            return []
        if isinstance(rule, SceneRule):
            return [Dated(view.now.t, dated.event) for dated in rule.finish(view.earlier)]
        return _dated(rule.close(utc=view.earlier.now.utc, reason="not active"), view.now.t)


def _dated(events: Sequence[Event], due_t: float) -> list[Dated]:
    return [Dated(due_t, event) for event in events]


def _in_order(said: list[tuple[int, Dated]]) -> list[Event]:
    said.sort(key=lambda pair: (pair[1].due_t, pair[0], *telling(pair[1])[1:]))
    return [dated.event for _, dated in said]
