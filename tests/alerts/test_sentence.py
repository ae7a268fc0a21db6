"""The reason in words, from whatever numbers a rule gives."""

from __future__ import annotations

import pytest

from pipeline.alerts.sentence import sentence


@pytest.mark.parametrize(
    ("word", "kind", "subject", "zone", "why", "expected"),
    [
        ("loitering", "loitering", "person", "bay", {"dwell_s": 143.2, "threshold_s": 120, "bridged_s": 4.1},
         "Person stayed in bay for 143 s; limit 120 s; hidden for 4 s of it"),
        ("seen by movement alone", "loitering", "movement", "bay", {"dwell_s": 143.2},
         "Movement stayed in bay for 143 s"),
        ("no numbers", "loitering", "person", None, {}, "Person stayed on camera dock"),
        ("crossing", "line_crossing", "person", "gate", {"direction": "left"}, "Person crossed gate to the left"),
        ("after hours", "after_hours", "person", "bay",
         {"presence_s": 2.0, "people": 1, "bridged_s": 0.0, "calendar": "closed since 22:00 (mon-fri 06:00-22:00)"},
         "Person in bay outside opening hours for 2 s; closed since 22:00 (mon-fri 06:00-22:00)"),
        ("several after hours", "after_hours", "person", "bay", {"people": 3}, "3 people in bay outside opening hours"),
        ("corridor", "unusual_route", "person", None, {"off_s": 6.2, "threshold_s": 5.0},
         "Person was off the corridor for 6 s; limit 5 s"),
        ("passage", "unusual_route", "person", "yard", {"way": "forbidden", "reason": "came from gate to yard"},
         "Person took an unusual route in yard; came from gate to yard"),
        ("too many", "occupancy", "person", "hall", {"over": 4, "people": 6, "held_s": 10.0},
         "6 people in hall for 10 s; limit: over 4"),
        ("system", "camera_down", "person", None, {"error": "timed out"}, "Camera down on camera dock; error timed out"),
        ("a ready one", "loitering", "person", "bay", {"sentence": "Just so"}, "Just so"),
        ("numbers that are none", "loitering", "person", "bay", {"dwell_s": None, "bridged_s": "x"},
         "Person stayed in bay"),
    ],
)  # fmt: skip
def test_sentences(word, kind, subject, zone, why, expected):
    assert sentence(kind=kind, subject=subject, zone_id=zone, camera_id="dock", why=why) == expected
