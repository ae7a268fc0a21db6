"""Changes in a site file's text leave everything else as it stands."""

from __future__ import annotations

import difflib

import pytest

from pipeline.editing.document import SiteDocument
from pipeline.errors import SiteError
from pipeline.folders import shipped
from pipeline.site import parse_site

SITE = """\
# The depot, as agreed with the fire brigade.
site: {name: Depot, timezone: Europe/Brussels}
calendars:
  working: {open: {mon-fri: ["06:00-22:00"]}}   # from the contract
cameras:
  dock:
    source: rtsp://u:${DOCK}@10.0.0.9/main
    analyze_fps: 5
    zones:
      bay: {polygon: [[0.1, 0.5], [0.6, 0.5], [0.6, 0.95]], risk: high}  # the loading bay
    rules:
      # asked for by the insurer
      - {id: night, kind: after_hours, zone: bay, calendar: working}
      - id: linger
        kind: loitering
        zone: bay
        dwell_s: 120  # two minutes
"""


def changed(old: str, new: str) -> list[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_the_sample_site_comes_back_as_it_was() -> None:
    text = (shipped("sample_videos") / "site.yaml").read_text(encoding="utf-8")
    assert SiteDocument(text, "site.yaml").text() == text


def test_one_number_is_one_line() -> None:
    document = SiteDocument(SITE, "s.yaml")
    rules = document.get("cameras", "dock", "rules")
    rules[1]["dwell_s"] = 90
    document.put(rules, "cameras", "dock", "rules")
    assert changed(SITE, document.text()) == [
        "-        dwell_s: 120  # two minutes",
        "+        dwell_s: 90   # two minutes",
    ]


def test_what_is_put_back_equal_changes_nothing() -> None:
    document = SiteDocument(SITE, "s.yaml")
    document.put(document.get("cameras"), "cameras")
    assert document.text() == SITE


def test_rules_come_go_and_change_places_with_their_comments() -> None:
    document = SiteDocument(SITE, "s.yaml")
    night, linger = document.get("cameras", "dock", "rules")
    document.put(
        [linger, {"id": "busy", "kind": "occupancy", "zone": "bay", "over": 5}, night], "cameras", "dock", "rules"
    )
    text = document.text()
    assert [rule.id for rule in parse_site(text, "s.yaml").cameras["dock"].rules] == ["linger", "busy", "night"]
    assert "two minutes" in text
    assert "the loading bay" in text
    assert "from the contract" in text


def test_a_new_camera_and_one_that_goes() -> None:
    document = SiteDocument(SITE, "s.yaml")
    document.put({"source": "yard.mp4", "zones": {"all": {"polygon": [[0, 0], [1, 0], [1, 1]]}}}, "cameras", "yard")
    document.put(None, "cameras", "dock")
    document.put(None, "cameras", "never-there")
    site = parse_site(document.text(), "s.yaml")
    assert list(site.cameras) == ["yard"]
    assert "fire brigade" in document.text()


@pytest.mark.parametrize("value", ["22:00", "NO", "2026-11-22", "1e3", "null", "a: b", "- x", "#", "", "é", "'"])
def test_texts_stay_texts(value: str) -> None:
    document = SiteDocument(SITE, "s.yaml")
    document.put(value, "cameras", "dock", "purpose")
    again = SiteDocument(document.text(), "s.yaml")
    assert again.get("cameras", "dock", "purpose") == value
    assert parse_site(document.text(), "s.yaml").cameras["dock"].purpose == value


def test_a_path_through_a_number_is_refused() -> None:
    with pytest.raises(SiteError, match="analyze_fps: a mapping is needed"):
        SiteDocument(SITE, "s.yaml").put(1, "cameras", "dock", "analyze_fps", "x")


def test_what_is_no_site_file_is_refused_with_its_line() -> None:
    with pytest.raises(SiteError, match=r"s\.yaml:1: site: an alias"):
        SiteDocument("site: &a {}\ncameras: *a\n", "s.yaml").text()
