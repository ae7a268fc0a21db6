"""The commissioning sheet of a walk test: who walked when, what was reached and what was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.reports.pdf import Pdf
from pipeline.reports.words import clock, moment, span


def walk_report(walk: Mapping[str, Any], *, site: str, timezone: str) -> bytes:
    """A PDF of one walk as `Walks.get` gives it, with lines to sign on."""
    zone = ZoneInfo(timezone)
    targets: Sequence[Mapping[str, Any]] = walk["targets"]
    reached = sum(one["reached_utc"] is not None for one in targets)
    pdf = Pdf(f"{site}: walk test")
    pdf.paragraph(f"{site}: walk test", size=18, bold=True)
    pdf.paragraph(f"Walked by {walk['actor']}, from {moment(walk['begun_utc'], zone)} ({timezone}), {_lasted(walk)}.")
    pdf.paragraph(f"Site file: version {walk['version']}. Calendars and dwell times were not asked.")
    pdf.space()
    lacking = "" if reached == len(targets) else ": NOT COMPLETE"
    pdf.paragraph(f"{reached} of {len(targets)} zones and lines reached{lacking}", size=13, bold=True)
    if walk["note"]:
        pdf.paragraph(f"Note: {walk['note']}")
    for met in walk["cameras"]:
        _camera(pdf, met, [one for one in targets if one["camera_id"] == met["camera_id"]], zone)
    pdf.space(24.0)
    pdf.table(["Name", "Date", "Signature"], [["", "", ""], ["", "", ""]], shares=(0.35, 0.2, 0.45))
    return pdf.whole()


def _camera(pdf: Pdf, met: Mapping[str, Any], targets: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> None:
    pdf.space()
    pdf.room(90.0)
    pdf.paragraph(met["camera_id"], size=12, bold=True)
    if met["least_px"] is None:
        pdf.paragraph("Nobody was seen here.")
    else:
        pdf.paragraph(
            f"People were {met['least_px']:.0f} to {met['most_px']:.0f} px tall in a picture of "
            f"{met['width']} by {met['height']}."
        )
    pdf.table(
        ["", "Name", "Reached", "Foot (x, y)", "Height", "Way"], [_row(one, zone) for one in targets],
        shares=(0.1, 0.3, 0.18, 0.18, 0.12, 0.12),
    )  # fmt: skip


def _row(one: Mapping[str, Any], zone: ZoneInfo) -> list[str]:
    if one["reached_utc"] is None:
        return [one["kind"], one["name"], "NOT REACHED", "-", "-", "-"]
    x, y = one["foot"]
    return [
        one["kind"], one["name"], clock(one["reached_utc"], zone), f"{x:.3f}, {y:.3f}", f"{one['height_px']:.0f} px",
        f"to the {one['way']}" if one["way"] else "-",
    ]  # fmt: skip


def _lasted(walk: Mapping[str, Any]) -> str:
    if walk["ended_utc"] is None:
        return "still going on"
    lasted = span(walk["ended_utc"] - walk["begun_utc"])
    return f"for {lasted}; {'it ran out' if walk['ended_by'] == 'itself' else 'ended by ' + walk['ended_by']}"
