"""What another system told: a panel set or unset, a badge, late working. Always with an end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

VERSION = 1

Effect = Literal["arm", "disarm", "annotate"]
Kind = Literal["panel_set", "panel_unset", "late_working", "early_opening", "on_test", "badge", "note"]
KINDS: tuple[Kind, ...] = get_args(Kind)
EFFECTS: Mapping[Kind, Effect] = {
    "panel_set": "arm", "panel_unset": "disarm", "late_working": "disarm", "early_opening": "disarm",
    "on_test": "disarm", "badge": "annotate", "note": "annotate",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One input. `arm` has the calendar closed, `disarm` open, `annotate` only says something, in [from_utc,
    until_utc). Of several the one with the highest `number` wins. None for calendar, camera or zone means every one.
    """

    input_id: str
    number: int
    kind: Kind
    effect: Effect
    calendar: str | None
    camera_id: str | None
    zone_id: str | None
    from_utc: float
    until_utc: float
    note: str = ""
    planned_utc: float = 0.0
    """The end that was told first, which alerts raised meanwhile name; 0 where it is `until_utc`."""

    def concerns(self, *, calendar: str, camera_id: str | None, zones: Iterable[str]) -> bool:
        """Whether a rule of this camera and these zones that asks this calendar is meant."""
        return (
            self.calendar in (None, calendar)
            and self.camera_id in (None, camera_id)
            and (self.zone_id is None or self.zone_id in zones)
        )

    def holds(self, utc: float) -> bool:
        return self.from_utc <= utc < self.until_utc


def to_json(entry: Entry) -> str:
    return json.dumps(asdict(entry), ensure_ascii=False)


def from_json(value: Mapping[str, Any]) -> Entry:
    """Keys that a newer program wrote are left out.

    Raises:
        ValueError: no entry.
    """
    try:
        return Entry(**{field.name: value[field.name] for field in fields(Entry) if field.name in value})
    except TypeError:
        raise ValueError("not an input") from None


def write_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Replace the file whole, so that a reader sees the old or the new one. Raises OSError."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"v": VERSION, "entries": [asdict(e) for e in entries]}), encoding="utf-8")
    fresh.replace(path)


def read_entries(path: Path) -> list[Entry]:
    """The entries of a file; none where there is no file.

    Raises:
        ValueError: the file is of another version, or damaged.
        OSError: it cannot be read.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    if not isinstance(value, dict) or value.get("v") != VERSION:
        raise ValueError("not a list of inputs of this version")
    return [from_json(one) for one in value["entries"]]
