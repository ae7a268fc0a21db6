"""What became of each notice at each sink, and how far each sink has come in the feed: on disk with the store itself.

Goal: one short transaction for many outcomes, so that sinks do not hold up the taking of alerts. A cursor never passes
a change that is neither delivered, given up, nor none of this sink's business; so after a crash at most what was sent
since the last transaction is sent again, under the same id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from pipeline.store import audit, feed
from pipeline.store.schema import deliveries, sinks
from pipeline.store.schema import feed as feed_table
from pipeline.store.store import Store

Outcome = Literal["waiting", "delivered", "dead"]
KEEP_S = 90 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One change at one sink. `attempts` counts the tries of which the other end said no to this very notice."""

    sink: str
    feed_seq: int
    notice_id: str
    alert_id: str
    told: str
    state: Outcome
    attempts: int
    first_utc: float
    utc: float
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a sink has come: all changes up to `cursor` are settled. `failing_utc` since when it does not work."""

    cursor: int
    failing_utc: float | None


class DeliveryBook:
    """The sinks' part of the store. Every call is one transaction and raises StoreError where the disk refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, sink: str) -> Standing:
        """Where a sink stands. One that is new begins with what comes from now on."""
        with self._store.changing() as connection:
            row = connection.execute(sa.select(sinks).where(sinks.c.sink == sink)).first()
            if row is not None:
                return Standing(int(row.cursor), row.failing_utc)
            cursor = feed.last_seq(connection)
            connection.execute(sa.insert(sinks).values(sink=sink, cursor=cursor, failing_utc=None))
            return Standing(cursor, None)

    def settle(self, sink: str, rows: Sequence[Delivery], standing: Standing) -> None:
        """Write outcomes and the cursor together."""
        with self._store.changing() as connection:
            for row in rows:
                values = asdict(row)
                changed = {k: v for k, v in values.items() if k in ("state", "attempts", "utc", "remark")}
                connection.execute(
                    insert(deliveries).values(values).on_conflict_do_update(["sink", "feed_seq"], set_=changed)
                )
            values = {"cursor": standing.cursor, "failing_utc": standing.failing_utc}
            connection.execute(insert(sinks).values(sink=sink, **values).on_conflict_do_update(["sink"], set_=values))

    def ceiling(self, sink: str) -> int:
        """The highest change of which something is on disk, 0 before the first."""
        query = sa.select(sa.func.max(deliveries.c.feed_seq)).where(deliveries.c.sink == sink)
        with self._store.changing() as connection:
            return int(connection.scalar(query) or 0)

    def known(self, sink: str, *, after: int, to: int) -> dict[int, Delivery]:
        """What is on disk of the changes in (after, to], by their number."""
        query = sa.select(deliveries).where(
            deliveries.c.sink == sink, deliveries.c.feed_seq > after, deliveries.c.feed_seq <= to
        )
        with self._store.changing() as connection:
            return {row.feed_seq: _delivery(row) for row in connection.execute(query)}

    def requeued(self, sink: str, *, to: int, limit: int) -> list[tuple[feed.Change, Delivery]]:
        """Changes at or below the cursor that wait again, oldest first."""
        query = (
            sa.select(deliveries, feed_table.c.change, feed_table.c.trial, feed_table.c.data)
            .join(feed_table, feed_table.c.feed_seq == deliveries.c.feed_seq)
            .where(deliveries.c.sink == sink, deliveries.c.state == "waiting", deliveries.c.feed_seq <= to)
            .order_by(deliveries.c.feed_seq)
            .limit(limit)
        )
        with self._store.changing() as connection:
            rows = connection.execute(query).all()
            return [(feed.Change(row.feed_seq, row.change, bool(row.trial), row.data), _delivery(row)) for row in rows]

    def of_alert(self, alert_id: str) -> list[Delivery]:
        """What is on disk of one alert, in the order of its changes."""
        query = sa.select(deliveries).where(deliveries.c.alert_id == alert_id)
        with self._store.changing() as connection:
            rows = connection.execute(query.order_by(deliveries.c.feed_seq, deliveries.c.sink)).all()
            return [_delivery(row) for row in rows]

    def changes_of(self, alert_id: str) -> list[feed.Change]:
        """An alert's own changes, oldest first."""
        query = sa.select(feed_table).where(feed_table.c.alert_id == alert_id).order_by(feed_table.c.feed_seq)
        with self._store.changing() as connection:
            return [feed.Change(r.feed_seq, r.change, bool(r.trial), r.data) for r in connection.execute(query)]

    def totals(self) -> dict[str, dict[str, int]]:
        """How many deliveries of each sink are delivered, waiting and dead."""
        query = sa.select(deliveries.c.sink, deliveries.c.state, sa.func.count()).group_by(
            deliveries.c.sink, deliveries.c.state
        )
        found: dict[str, dict[str, int]] = {}
        with self._store.changing() as connection:
            for sink, state, count in connection.execute(query):
                found.setdefault(sink, {})[state] = int(count)
        return found

    def dead(self, sink: str, *, limit: int = 100) -> list[Delivery]:
        """The latest dead letters of a sink."""
        query = sa.select(deliveries).where(deliveries.c.sink == sink, deliveries.c.state == "dead")
        with self._store.changing() as connection:
            rows = connection.execute(query.order_by(deliveries.c.feed_seq.desc()).limit(limit)).all()
            return [_delivery(row) for row in rows]

    def retry(self, sink: str, *, actor: str, utc: float) -> int:
        """Have a sink's dead letters sent again, as an operator wants; how many. It is audited."""
        with self._store.changing() as connection:
            done = connection.execute(
                sa.update(deliveries)
                .where(deliveries.c.sink == sink, deliveries.c.state == "dead")
                .values(state="waiting", attempts=0, utc=utc, first_utc=utc)
            )
            detail: dict[str, Any] = {"dead_letters": done.rowcount}
            audit.record(connection, utc=utc, actor=actor, action="retry", target=f"sink/{sink}", detail=detail)
            return int(done.rowcount)

    def leave(self, known: Sequence[str], *, utc: float) -> int:
        """Give up what waits for sinks that the site file has no longer; how many sinks have gone."""
        with self._store.changing() as connection:
            gone = sa.not_(sinks.c.sink.in_(known))
            connection.execute(
                sa.update(deliveries)
                .where(sa.not_(deliveries.c.sink.in_(known)), deliveries.c.state == "waiting")
                .values(state="dead", utc=utc, remark="the site file has this sink no longer")
            )
            return int(connection.execute(sa.delete(sinks).where(gone)).rowcount)

    def prune(self, *, before_utc: float) -> int:
        """Forget what was delivered or given up before this time; how many rows."""
        with self._store.changing() as connection:
            old = sa.delete(deliveries).where(deliveries.c.utc < before_utc, deliveries.c.state != "waiting")
            return int(connection.execute(old).rowcount)


def _delivery(row: sa.Row[Any]) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in Delivery.__dataclass_fields__})
