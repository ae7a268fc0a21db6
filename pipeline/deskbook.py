"""From the site file to the rules of the desk: its times, and what each rule's and zone's procedure demands."""

from __future__ import annotations

from pipeline.site import Site
from pipeline.site.desk import Procedure
from pipeline.site.models import CameraConfig
from pipeline.site.rules import RuleConfig
from pipeline.store.desk_rules import Demands, DeskRules


def build_desk_rules(site: Site) -> DeskRules:
    """The desk of this site."""
    desk, most = site.desk, site.desk.shelve_minutes
    rules = {(name, rule.id): _demands(camera, rule) for name, camera in site.cameras.items() for rule in camera.rules}
    return DeskRules(
        again_s=desk.call_again_s, escalate_s=desk.escalate_s, repeat_s=desk.repeat_s, claim_s=desk.claim_minutes * 60,
        shelve_most_s={"high": most.high * 60, "medium": most.medium * 60, "low": most.low * 60},
        procedures={place: demands for place, demands in rules.items() if demands != Demands()},
        known_rules=frozenset(rules),
    )  # fmt: skip


def _demands(camera: CameraConfig, rule: RuleConfig) -> Demands:
    """The rule's own steps come first, then those of its zones; what either demands is demanded."""
    zones = [camera.zones[name].procedure for name in rule.zone_names() if name in camera.zones]
    found: list[Procedure] = [one for one in (rule.procedure, *zones) if one is not None]
    return Demands(
        steps=tuple(dict.fromkeys(step for one in found for step in one.steps)),
        all_steps=any(one.required for one in found),
        second_person=any(one.confirm for one in found),
    )
