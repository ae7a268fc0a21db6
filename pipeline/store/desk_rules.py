"""How a control room works: when a call is repeated, how long a claim lasts, what may be shelved, what floods.

Times in seconds. The site file's `desk` section may change them; everything has a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.types import Severity


@dataclass(frozen=True, slots=True)
class Demands:
    """The steps that a protocol asks for, and what an alert may not be resolved without."""

    steps: tuple[str, ...] = ()
    all_steps: bool = False
    second_person: bool = False


NO_DEMANDS = Demands()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRules:
    """`again_s` after its first call an unacknowledged alert calls again, at `escalate_s` it escalates, and then calls
    every `repeat_s`. A claim without any action for `claim_s` lapses.

    EEMUA 191 (3rd edition) takes 10 alarms in 10 minutes as the start of a flood and under 5 in 10 as its end.
    """

    again_s: float = 60.0
    escalate_s: float = 180.0
    repeat_s: float = 600.0
    claim_s: float = 600.0
    shelve_most_s: Mapping[Severity, float] = field(
        default_factory=lambda: {"high": 1800.0, "medium": 4 * 3600.0, "low": 8 * 3600.0}
    )
    flood_from: int = 10
    flood_until: int = 5
    flood_window_s: float = 600.0
    procedures: Mapping[tuple[str, str], Demands] = field(default_factory=dict)
    """By camera and rule; the steps of the rule's zones are among them."""
    known_rules: frozenset[tuple[str, str]] | None = None
    """Camera and rule of everything that the site file has; None where nobody said."""

    def demands(self, camera_id: str, rule_id: str) -> Demands:
        return self.procedures.get((camera_id, rule_id), NO_DEMANDS)
