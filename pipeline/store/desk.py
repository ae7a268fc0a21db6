"""What people at the desk do, each in one transaction on the store; listeners hear of it after the commit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from pipeline.clock import Clock
from pipeline.store import audit, calls, flood, life, procedures, shelving, shift
from pipeline.store.desk_rules import DeskRules
from pipeline.store.faults import Unknown
from pipeline.store.queries import incident_alerts, timeline
from pipeline.store.views import alert_views, incident_views

OPEN = ("new", "acknowledged", "shelved")
AT_WORK = ("new", "acknowledged")


class _Holder(Protocol):
    """What the desk needs of the store it is part of."""

    desk_rules: DeskRules

    @property
    def clock(self) -> Clock: ...

    def changing(self) -> contextlib.AbstractContextManager[sa.Connection]: ...

    def tell(self) -> None: ...


class Desk:
    """A part of `Store`. Methods on an incident do it to all its alerts or to none, and raise what `life` raises."""

    desk_rules: DeskRules

    # -- one alert ------------------------------------------------------------------------------------------------

    def acknowledge(self: _Holder, alert_id: str, *, actor: str) -> dict[str, Any]:
        with _told(self) as connection:
            return life.acknowledge(connection, alert_id, actor=actor, utc=self.clock.utc())

    def resolve(
        self: _Holder, alert_id: str, *, actor: str, disposition: life.Disposition, note: str = ""
    ) -> dict[str, Any]:
        with _told(self) as connection:
            return life.resolve(
                connection, alert_id, actor=actor, disposition=disposition, note=note, utc=self.clock.utc(),
                demands=_demands_of_alert(connection, alert_id, self.desk_rules),
            )  # fmt: skip

    def claim(self: _Holder, alert_id: str, *, actor: str) -> dict[str, Any]:
        with _told(self) as connection:
            return life.claim(connection, alert_id, actor=actor, utc=self.clock.utc(), for_s=self.desk_rules.claim_s)

    # -- an incident ----------------------------------------------------------------------------------------------

    def acknowledge_incident(self: _Holder, incident_id: str, *, actor: str) -> dict[str, Any]:
        """Acknowledge every new alert of an incident."""
        utc = self.clock.utc()
        with _told(self) as connection:
            return _each(
                connection, incident_id, ("new",), lambda i: life.acknowledge(connection, i, actor=actor, utc=utc)
            )

    def claim_incident(self: _Holder, incident_id: str, *, actor: str) -> dict[str, Any]:
        """Claim it, or make one's own claim last from now."""
        utc, for_s = self.clock.utc(), self.desk_rules.claim_s
        with _told(self) as connection:
            return _each(
                connection, incident_id, AT_WORK,
                lambda i: life.claim(connection, i, actor=actor, utc=utc, for_s=for_s), needed=True,
            )  # fmt: skip

    def release_incident(self: _Holder, incident_id: str, *, actor: str) -> dict[str, Any]:
        utc = self.clock.utc()
        with _told(self) as connection:
            return _each(connection, incident_id, AT_WORK, lambda i: life.release(connection, i, actor=actor, utc=utc))

    def hand_over_incident(self: _Holder, incident_id: str, *, actor: str, to: str, note: str) -> dict[str, Any]:
        utc, for_s = self.clock.utc(), self.desk_rules.claim_s
        with _told(self) as connection:
            return _each(
                connection, incident_id, AT_WORK,
                lambda i: life.hand_over(connection, i, actor=actor, to=to, note=note, utc=utc, for_s=for_s),
                needed=True,
            )  # fmt: skip

    def resolve_incident(
        self: _Holder, incident_id: str, *, actor: str, disposition: life.Disposition, note: str = ""
    ) -> dict[str, Any]:
        """Resolve every open alert of an incident."""
        utc = self.clock.utc()
        with _told(self) as connection:
            demands = _demands_of_incident(connection, incident_id, self.desk_rules)
            return _each(
                connection, incident_id, OPEN,
                lambda i: life.resolve(
                    connection, i, actor=actor, disposition=disposition, note=note, utc=utc, demands=demands
                ),
            )  # fmt: skip

    def timeline(self: _Holder, incident_id: str) -> list[dict[str, Any]]:
        """What happened to an incident, oldest first."""
        with self.changing() as connection:
            return timeline(connection, incident_id)

    def protocol(self: _Holder, incident_id: str) -> dict[str, Any]:
        """The steps of an incident with their ticks."""
        with self.changing() as connection:
            demands = _demands_of_incident(connection, incident_id, self.desk_rules)
            return procedures.protocol(connection, incident_id, demands)

    def tick(self: _Holder, incident_id: str, step: str, *, done: bool, actor: str) -> dict[str, Any]:
        """Tick a step off, or take the tick away; a claim lasts from now."""
        utc, for_s = self.clock.utc(), self.desk_rules.claim_s
        with _told(self) as connection:
            demands = _demands_of_incident(connection, incident_id, self.desk_rules)
            procedures.tick(connection, incident_id, step, done=done, actor=actor, utc=utc, demands=demands)
            life.keep(connection, incident_id, actor=actor, utc=utc, for_s=for_s)
            return procedures.protocol(connection, incident_id, demands)

    def confirm(self: _Holder, incident_id: str, *, actor: str) -> dict[str, Any]:
        """A second person agrees."""
        with _told(self) as connection:
            demands = _demands_of_incident(connection, incident_id, self.desk_rules)
            procedures.confirm(connection, incident_id, actor=actor, utc=self.clock.utc())
            return procedures.protocol(connection, incident_id, demands)

    # -- several --------------------------------------------------------------------------------------------------

    def acknowledge_all(self: _Holder, alert_ids: Sequence[str], *, actor: str) -> list[dict[str, Any]]:
        """Acknowledge alerts of one rule and zone; those that are not new are left as they are."""
        utc = self.clock.utc()
        with _told(self) as connection:
            for view in _together(connection, alert_ids):
                if view["state"] == "new":
                    life.acknowledge(connection, view["alert_id"], actor=actor, utc=utc)
            return alert_views(connection, alert_ids)

    def resolve_all(
        self: _Holder, alert_ids: Sequence[str], *, actor: str, disposition: life.Disposition, note: str
    ) -> list[dict[str, Any]]:
        """Resolve alerts of one rule and zone; those that are resolved are left as they are."""
        utc = self.clock.utc()
        with _told(self) as connection:
            for view in _together(connection, alert_ids):
                demands = self.desk_rules.demands(view["camera_id"], view["rule_id"])
                if view["state"] != "resolved":
                    life.resolve(
                        connection, view["alert_id"], actor=actor, disposition=disposition, note=note, utc=utc,
                        demands=demands,
                    )  # fmt: skip
            return alert_views(connection, alert_ids)

    # -- shelves and the shift ------------------------------------------------------------------------------------

    def shelve(self: _Holder, alert_id: str, *, actor: str, reason: str, for_s: float) -> dict[str, Any]:
        with _told(self) as connection:
            return shelving.shelve(
                connection, alert_id, actor=actor, reason=reason, for_s=for_s, utc=self.clock.utc(),
                rules=self.desk_rules,
            )  # fmt: skip

    def unshelve(self: _Holder, shelf_id: int, *, actor: str) -> dict[str, Any]:
        with _told(self) as connection:
            return shelving.unshelve(connection, shelf_id, actor=actor, utc=self.clock.utc(), rules=self.desk_rules)

    def hand_over_shift(self: _Holder, *, actor: str, note: str) -> dict[str, Any]:
        """End a shift with a note; what is open is kept with it."""
        with self.changing() as connection:
            made = shift.hand_over(connection, actor=actor, note=note, utc=self.clock.utc())
            audit.record(
                connection, utc=self.clock.utc(), actor=actor, action="hand_over",
                target=f"handover/{made['handover_id']}", detail={"note": note, "open": len(made["open"])},
            )  # fmt: skip
            return made

    def handovers(self: _Holder, *, limit: int = 20) -> list[dict[str, Any]]:
        with self.changing() as connection:
            return shift.list_handovers(connection, limit=limit)

    def shift(
        self: _Holder, *, since_utc: float, until_utc: float, only: Collection[str] | None = None
    ) -> dict[str, Any]:
        """The figures of a span of time; see `shift.figures`."""
        with self.changing() as connection:
            return shift.figures(
                connection, since_utc=since_utc, until_utc=until_utc, now_utc=self.clock.utc(),
                rules=self.desk_rules, only=only,
            )  # fmt: skip

    def desk_state(self: _Holder) -> dict[str, Any]:
        """What the whole desk must know: a flood, the load of the last ten minutes, and what is shelved."""
        utc = self.clock.utc()
        with self.changing() as connection:
            return {
                "flood_since_utc": flood.began_utc(connection),
                "recent": flood.recent(connection, utc=utc, rules=self.desk_rules),
                "shelves": shelving.active(connection),
            }

    def tend(self: _Holder) -> int:
        """What is due by now: shelves that end, calls that are repeated, claims that lapse, a flood that has ebbed.
        How many things were done."""
        utc, rules = self.clock.utc(), self.desk_rules
        with self.changing() as connection:
            done = shelving.tend(connection, utc=utc, rules=rules)
            done += calls.tend(connection, utc=utc, rules=rules)
            done += flood.end_if_over(connection, utc=utc, rules=rules)
        if done:
            self.tell()
        return done


@contextlib.contextmanager
def _told(desk: _Holder) -> Iterator[sa.Connection]:
    """A transaction after which listeners are called."""
    with desk.changing() as connection:
        yield connection
    desk.tell()


def _each(
    connection: sa.Connection,
    incident_id: str,
    states: tuple[str, ...],
    do: Callable[[str], Any],
    *,
    needed: bool = False,
) -> dict[str, Any]:
    found = life.open_alerts(connection, incident_id, states=states)
    if needed and not found:
        raise life.Conflict("nothing of this incident is open any more")
    for alert_id in found:
        do(alert_id)
    return incident_views(connection, [incident_id])[0] | {"alerts": incident_alerts(connection, incident_id)}


def _together(connection: sa.Connection, alert_ids: Sequence[str]) -> list[dict[str, Any]]:
    life.same_place(connection, list(alert_ids))
    return alert_views(connection, alert_ids)


def _demands_of_alert(connection: sa.Connection, alert_id: str, rules: DeskRules) -> life.Demands:
    view = next(iter(alert_views(connection, [alert_id])), None)
    return life.NO_DEMANDS if view is None else rules.demands(view["camera_id"], view["rule_id"])


def _demands_of_incident(connection: sa.Connection, incident_id: str, rules: DeskRules) -> life.Demands:
    view = next(iter(incident_views(connection, [incident_id])), None)
    if view is None:
        raise Unknown(f"no incident {incident_id!r}")
    return rules.demands(view["camera_id"], view["rule_id"])
