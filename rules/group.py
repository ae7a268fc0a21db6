"""A group: so many people past a limit at the same time, told as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rules.stay import Stay
from rules.view import Moment


@dataclass(slots=True)
class Group:
    """At least `size` people together. `level` counts what has been told, 0 while there is no group."""

    size: int
    level: int = 0
    since: Moment | None = None
    place: tuple[float, float] = (0.0, 0.0)
    track_ids: tuple[int, ...] = ()

    def begin(self, members: Sequence[Stay]) -> None:
        """These people are past the limit together; they are a group since the last of the first `size` came."""
        last = sorted(members, key=lambda stay: (stay.first.t, stay.place))[self.size - 1]
        self.level, self.since, self.place = 1, last.first, last.place
        self.track_ids = ()
        self.admit(members)

    def admit(self, members: Sequence[Stay]) -> None:
        ids = (*self.track_ids, *(i for stay in members for i in stay.track_ids))
        self.track_ids = tuple(dict.fromkeys(ids))

    def state(self) -> list[Any]:
        return [self.level, None if self.since is None else list(self.since), list(self.place), list(self.track_ids)]

    def restore(self, state: list[Any]) -> None:
        level, since, place, track_ids = state
        self.level, self.since = level, None if since is None else Moment(*since)
        self.place, self.track_ids = (place[0], place[1]), tuple(track_ids)
