"""Reports as PDF: a file that a reader takes, lines that fit, and what must stand in them."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from pipeline.reports.incident import incident_report
from pipeline.reports.jpeg import colour_size
from pipeline.reports.pdf import Pdf, text_width, wrapped
from pipeline.reports.shift import shift_report

FIGURES = {
    "since_utc": 1_780_000_000.0, "until_utc": 1_780_028_800.0, "alerts": 13,
    "by_severity": {"high": 3, "medium": 0, "low": 10}, "by_state": {}, "by_disposition": {"no_person": 2},
    "load": {"bin_s": 600.0, "bins": [0, 1, 12] + [0] * 45, "per_10_min": 0.27, "most_in_10_min": 12, "judged": "manageable"},
    "flood_s": 700.0,
    "response": {
        "acknowledged": 9, "acknowledge_median_s": 30.0, "acknowledge_p95_s": 95.0, "resolved": 0,
        "resolve_median_s": None, "resolve_p95_s": None, "escalated": 1, "shelved": 2,
    },
    "worst_rules": [{"camera_id": "dock", "rule_id": "bay-loiter", "zone_id": None, "alerts": 9, "real": 1, "nuisance": 4}],
    "guarded": [{"camera_id": "yard", "blind_s": 570.0, "share": 0.98}],
}  # fmt: skip
HANDOVER = {"utc": 1_780_000_100.0, "actor": "anna", "note": "the gate (north) sticks", "open": []}
ALERT = {
    "sentence": "Person stayed in bay for 143 s; limit 120 s", "utc": 1_780_000_000.0, "camera_id": "dock",
    "zone_id": "bay", "rule_id": "bay-loiter", "rule_version": "1", "state": "resolved", "note": "a driver",
    "disposition": "could_not_verify", "resolved_by": "ben",
}  # fmt: skip
PROTOCOL = {
    "steps": [{"step": "call the guard", "done_by": "ben", "done_utc": 1_780_000_050.0}], "confirmed": [],
    "all_steps": True, "second_person": False,
}  # fmt: skip


def shown(data: bytes) -> str:
    """The text of a PDF, drawn piece by piece."""
    pieces = re.findall(rb"\(((?:\\.|[^()\\])*)\) Tj", data)
    return "\n".join(re.sub(rb"\\(.)", rb"\1", piece).decode("cp1252") for piece in pieces)


def well_formed(data: bytes) -> None:
    """The table of places leads to every object, and each stream is as long as it says."""
    start = int(data.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    head, *lines = data[start:].split(b"\n")
    assert head == b"xref"
    count = int(lines[0].split()[1])
    for number, line in enumerate(lines[2 : count + 1], start=1):
        assert data[int(line.split()[0]) :].startswith(f"{number} 0 obj\n".encode())
    for found in re.finditer(rb"/Length (\d+) >>\nstream\n", data):
        assert data[found.end() + int(found[1]) :].startswith(b"\nendstream")


def test_shift_report_holds_its_figures():
    data = shift_report(FIGURES, [HANDOVER], site="Depot North", timezone="Europe/Brussels", now_utc=1_790_000_000.0)
    well_formed(data)
    words = shown(data)
    for expected in (
        "Depot North: shift report",
        "bay-loiter",
        "the gate (north) sticks",
        "98.0%",
        "1 min 35 s",
        "11 min 40 s",
    ):
        assert expected in words
    assert words.count("no person 2") == 1


def test_an_empty_shift_is_a_report_too():
    empty = FIGURES | {"alerts": 0, "worst_rules": [], "guarded": [], "load": FIGURES["load"] | {"bins": [0]}}
    data = shift_report(empty, [], site="Depot", timezone="UTC", now_utc=1_780_000_000.0)
    well_formed(data)
    assert "Every camera saw throughout." in shown(data)


def test_incident_report_holds_picture_protocol_and_what_was_done():
    picture = cv2.imencode(".jpg", np.zeros((90, 160, 3), np.uint8))[1].tobytes()
    incident = {"incident_id": "i1", "severity": "high", "state": "resolved", "alerts": [ALERT]}
    timeline = [
        {"utc": 1_780_000_000.0, "change": "new", "by": None},
        {"utc": 1_780_000_060.0, "change": "resolved", "by": "ben"},
    ]
    data = incident_report(incident, timeline, PROTOCOL, picture=picture, site="Depot", timezone="UTC")
    well_formed(data)
    assert picture in data
    words = shown(data)
    assert "Person stayed in bay for 143 s; limit 120 s" in words
    assert "call the guard" in words
    assert "Resolved as could not verify by ben: a driver" in words


def test_long_reports_go_on_over_pages_and_what_cannot_be_shown_is_marked():
    pdf = Pdf("long")
    for number in range(200):
        pdf.paragraph(f"line {number} (with brackets) and \\ and 東")
    data = pdf.whole()
    well_formed(data)
    assert data.count(b"/Type /Page /Parent") > 3
    assert "line 199 (with brackets) and \\ and ?" in shown(data)


@pytest.mark.parametrize(
    ("word", "words", "lines"),
    [("nothing", "", [""]), ("short", "a b", ["a b"]), ("between words", "aaaa bbbb", ["aaaa", "bbbb"])],
)
def test_lines_break_between_words(word, words, lines):
    assert wrapped(words, size=10.0, width=30.0) == lines


def test_no_line_is_wider_than_its_column():
    words = "Loitering " * 30 + "W" * 80
    assert all(text_width(line, 9.0) <= 120.0 for line in wrapped(words, size=9.0, width=120.0))


@pytest.mark.parametrize(
    ("word", "data", "size"),
    [
        ("colour", cv2.imencode(".jpg", np.zeros((90, 160, 3), np.uint8))[1].tobytes(), (160, 90)),
        ("grey has another colour space", cv2.imencode(".jpg", np.zeros((90, 160), np.uint8))[1].tobytes(), None),
        ("no JPEG", b"\x89PNG....", None),
        ("cut off", b"\xff\xd8\xff\xe0", None),
        ("empty", b"", None),
    ],
)
def test_size_of_a_picture(word, data, size):
    assert colour_size(data) == size
