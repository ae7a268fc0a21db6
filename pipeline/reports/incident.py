"""The report of one incident: what was seen and why it was told, the picture, what was done about it and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.reports.jpeg import colour_size
from pipeline.reports.pdf import MARGIN, WIDTH, Pdf
from pipeline.reports.words import moment

DONE = {
    "new": "raised", "update": "changed", "end": "ended by itself", "evidence": "evidence kept", "claimed": "claimed",
    "handed_over": "handed over", "lapsed": "claim lapsed", "again": "called again", "escalated": "escalated",
    "unshelved": "came back from the shelf", "kept": "claim kept",
}  # fmt: skip


def incident_report(
    incident: Mapping[str, Any],
    timeline: Sequence[Mapping[str, Any]],
    protocol: Mapping[str, Any],
    *,
    picture: bytes | None,
    site: str,
    timezone: str,
) -> bytes:
    """A PDF; `picture` is the JPEG of the alert, where one was kept."""
    zone = ZoneInfo(timezone)
    alerts: Sequence[Mapping[str, Any]] = incident["alerts"]
    pdf = Pdf(f"{site}: incident {incident['incident_id']}")
    pdf.paragraph(f"{site}: incident report", size=18, bold=True)
    pdf.paragraph(f"Incident {incident['incident_id']}, severity {incident['severity']}, {incident['state']}")
    pdf.space()
    for alert in alerts:
        place = f"camera {alert['camera_id']}" + (f", zone {alert['zone_id']}" if alert["zone_id"] else "")
        pdf.paragraph(alert["sentence"], size=12, bold=True)
        pdf.paragraph(f"{moment(alert['utc'], zone)}, {place}, rule {alert['rule_id']} ({alert['rule_version']})")
        pdf.space(4)
    size = None if picture is None else colour_size(picture)
    if picture is not None and size is not None:
        pdf.jpeg(picture, pixels=size, width=WIDTH - 2 * MARGIN)
    _protocol(pdf, protocol, zone)
    pdf.space(6)
    pdf.paragraph("What happened and what was done", size=12, bold=True)
    rows = [[moment(row["utc"], zone), DONE.get(row["change"], row["change"]), row["by"] or "-"] for row in timeline]
    pdf.table(["When", "What", "By"], rows, shares=(0.35, 0.4, 0.25))
    for alert in alerts:
        if alert["state"] == "resolved":
            note = f": {alert['note']}" if alert["note"] else ""
            pdf.paragraph(f"Resolved as {alert['disposition'].replace('_', ' ')} by {alert['resolved_by']}{note}")
    return pdf.whole()


def _protocol(pdf: Pdf, protocol: Mapping[str, Any], zone: ZoneInfo) -> None:
    if not protocol["steps"] and not protocol["confirmed"]:
        return
    pdf.paragraph("Protocol", size=12, bold=True)
    rows = [
        [one["step"], one["done_by"] or "not done", moment(one["done_utc"], zone) if one["done_utc"] else "-"]
        for one in protocol["steps"]
    ]
    rows += [["Confirmed", one["actor"], moment(one["utc"], zone)] for one in protocol["confirmed"]]
    pdf.table(["Step", "By", "When"], rows, shares=(0.5, 0.2, 0.3))
