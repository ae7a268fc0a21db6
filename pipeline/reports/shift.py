"""The report of a shift or a day: load with EEMUA 191's limits, worst rules, response, time guarded, hand-overs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.reports.pdf import MARGIN, WIDTH, Colour, Pdf
from pipeline.reports.words import clock, moment, span

CALM: Colour = (0.40, 0.58, 0.68)
BUSY: Colour = (0.85, 0.60, 0.20)
FLOODED: Colour = (0.80, 0.22, 0.18)
FLOOD = 10
PLOT = 110.0


def shift_report(
    figures: Mapping[str, Any], handovers: Sequence[Mapping[str, Any]], *, site: str, timezone: str, now_utc: float
) -> bytes:
    """A PDF of the figures that the store gives for a span, with the hand-overs in it."""
    zone, load, response = ZoneInfo(timezone), figures["load"], figures["response"]
    since, until = figures["since_utc"], min(figures["until_utc"], now_utc)
    pdf = Pdf(f"{site}: shift report")
    pdf.paragraph(f"{site}: shift report", size=18, bold=True)
    pdf.paragraph(f"{moment(since, zone)} to {moment(until, zone)} ({timezone})")
    pdf.space()
    levels = ", ".join(f"{count} {level}" for level, count in figures["by_severity"].items())
    pdf.paragraph(f"{figures['alerts']} alerts: {levels}.", size=12)
    pdf.paragraph(
        f"Load of the desk: {load['per_10_min']} per 10 minutes ({load['judged']}); most in 10 minutes "
        f"{load['most_in_10_min']}; in flood for {span(figures['flood_s'])}."
    )
    _plot(pdf, load, since, zone)
    _tables(pdf, figures, response)
    mine = [one for one in handovers if since <= one["utc"] < figures["until_utc"]]
    _head(pdf, "Hand-overs")
    pdf.table(
        ["When", "By", "Note", "Open"],
        [[moment(h["utc"], zone), h["actor"], h["note"] or "-", str(len(h["open"]))] for h in mine],
        shares=(0.28, 0.17, 0.45, 0.1),
    )
    return pdf.whole()


def _tables(pdf: Pdf, figures: Mapping[str, Any], response: Mapping[str, Any]) -> None:
    _head(pdf, "Rules that alert most")
    pdf.table(
        ["Rule", "Camera", "Zone", "Alerts", "Real", "Nuisance"],
        [
            [one["rule_id"], one["camera_id"], one["zone_id"] or "-",
             *(str(one[name]) for name in ("alerts", "real", "nuisance"))]
            for one in figures["worst_rules"]
        ],
        shares=(0.28, 0.22, 0.2, 0.1, 0.1, 0.1),
    )  # fmt: skip
    _head(pdf, "Response")
    pdf.table(
        ["", "Number", "Median", "95 % within"],
        [
            [name, str(response[name]), *(span(response[f"{verb}_{of}_s"]) for of in ("median", "p95"))]
            for name, verb in (("acknowledged", "acknowledge"), ("resolved", "resolve"))
        ],
        shares=(0.4, 0.2, 0.2, 0.2),
    )
    pdf.paragraph(f"{response['escalated']} escalated because nobody answered; {response['shelved']} were shelved.")
    ended = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in figures["by_disposition"].items())
    pdf.paragraph(f"Resolved as: {ended or 'nothing of this span is resolved'}.")
    pdf.space()
    _head(pdf, "Time guarded")
    if not figures["guarded"]:
        pdf.paragraph("Every camera saw throughout.")
    else:
        pdf.table(
            ["Camera", "Unguarded", "Share of time guarded"],
            [[one["camera_id"], span(one["blind_s"]), f"{one['share']:.1%}"] for one in figures["guarded"]],
            shares=(0.4, 0.3, 0.3),
        )


def _head(pdf: Pdf, words: str) -> None:
    pdf.room(60)
    pdf.space(6)
    pdf.paragraph(words, size=12, bold=True)


def _plot(pdf: Pdf, load: Mapping[str, Any], since: float, zone: ZoneInfo) -> None:
    bins: Sequence[int] = load["bins"]
    most, whole = max(FLOOD + 2, *bins), WIDTH - 2 * MARGIN
    pdf.room(PLOT + 40)
    foot, step = pdf.y + PLOT, whole / len(bins)
    for number, count in enumerate(bins):
        height = PLOT * count / most
        colour = FLOODED if count >= FLOOD else BUSY if count > 1 else CALM
        if count:
            pdf.box(MARGIN + number * step + step * 0.1, foot - height, max(0.5, step * 0.8), height, colour)
    for limit in (1, FLOOD):
        y = foot - PLOT * limit / most
        pdf.line(MARGIN, y, WIDTH - MARGIN, y)
        pdf.text(MARGIN - 16, y + 3, str(limit), size=8)
    for number in range(0, len(bins), max(1, len(bins) // 8)):
        pdf.text(MARGIN + number * step, foot + 11, clock(since + number * load["bin_s"], zone), size=8)
    pdf.y = foot + 18
    pdf.paragraph(
        "Alerts in each ten minutes. Lines: 1, which one operator can handle for long, and 10, a flood (EEMUA 191).",
        size=8,
    )
