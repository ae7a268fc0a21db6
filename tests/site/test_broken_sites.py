"""Broken site files: each fault is told with file, line, key, value and what is allowed."""

from __future__ import annotations

import pytest

from pipeline.errors import SiteError
from pipeline.site import parse_site

GOOD = """\
site: {name: Depot, timezone: Europe/Brussels}
calendars:
  working:
    open: {mon-fri: ["06:00-22:00"]}
    holidays: {country: BE}
    exceptions: [{date: "2026-11-27", open: []}]
    visits: [{name: cleaners, days: tue, hours: "22:00-23:30", zones: [bay], max_people: 3}]
detector: {model: auto, score: 0.35}
cameras:
  dock:
    source: rtsp://10.0.0.9/main
    analyze_fps: 5
    zones:
      bay: {polygon: [[0.1, 0.5], [0.6, 0.5], [0.6, 0.95]]}
    lines: {gate: {points: [[0.2, 0.8], [0.8, 0.8]]}}
    masks: []
    rules:
      - {id: bay-loiter, kind: loitering, zone: bay, dwell_s: 120}
      - {id: bay-night, kind: after_hours, zone: bay, calendar: working}
      - {id: gate-out, kind: line_crossing, line: gate}
alerts: {link: embedded}
"""

# word: (part of GOOD, what replaces it, line, key, value as shown, part of what is allowed)
BROKEN = {
    "unknown top key": ("detector:", "detectors:", 8, "detectors", "auto", "did you mean detector?"),
    "unknown camera key": ("analyze_fps: 5", "analyse_fps: 5", 12, "cameras.dock.analyse_fps", "5", "analyze_fps"),
    "unknown rule key": ("dwell_s: 120", "dwell: 120", 18, "cameras.dock.rules[0].dwell", "120", "mean dwell_s?"),
    "missing key": ("dwell_s: 120", "grace_s: 1", 18, "cameras.dock.rules[0].dwell_s", "(missing)", "is needed"),
    "a number in quotes": ("dwell_s: 120", 'dwell_s: "120"', 18, "rules[0].dwell_s", '"120"', "allowed: a number"),
    "port of a link past the last": ("embedded", '"redis://h:70000/0"', 21, "alerts.link", "redis", "redis://host:6379/0"),
    "unknown zone": ("after_hours, zone: bay", "after_hours, zone: bya", 19, "rules[1].zone", "bya", "there are bay"),
    "unknown line": ("line: gate}", "line: door}", 20, "cameras.dock.rules[2].line", "door", "there are gate"),
    "unknown calendar": ("calendar: working", "calendar: work", 19, "rules[1].calendar", "work", "mean working?"),
    "unknown zone of a visit": ("zones: [bay]", "zones: [yard]", 7, "visits[0].zones[0]", "yard", "there are bay"),
    "unknown time zone": (
        "Europe/Brussels", "Europe/Brussel", 1, "site.timezone", "Europe/Brussel", "mean Europe/Brussels",
    ),
    "self-crossing polygon": (
        "[[0.1, 0.5], [0.6, 0.5], [0.6, 0.95]]", "[[0, 0], [1, 1], [1, 0], [0, 1]]",
        14, "cameras.dock.zones.bay.polygon", "[[0, 0], [1, 1]", "sides do not cross",
    ),
    "polygon outside the picture": ("[0.6, 0.95]", "[0.6, 1.95]", 14, "zones.bay.polygon", "1.95", "within 0 and 1"),
    "polygon of two points": (", [0.6, 0.95]]", "]", 14, "zones.bay.polygon", "[0.6, 0.5]", "three or more points"),
    "point of three numbers": ("[0.1, 0.5]", "[0.1, 0.5, 1]", 14, "bay.polygon[0]", "[0.1, 0.5, 1]", "a list of 2"),
    "hour past the day": ("06:00-22:00", "06:00-25:00", 4, "working.open.mon-fri[0]", "06:00-25:00", "end at 24:00"),
    "hours that are none": ("06:00-22:00", "22:00-22:00", 4, "working.open.mon-fri[0]", "22:00-22:00", "hours like"),
    "minutes past the hour": ("22:00-23:30", "22:00-23:60", 7, "visits[0].hours", "22:00-23:60", "hours like"),
    "unknown weekday": ("mon-fri", "mon-fry", 4, "calendars.working.open.mon-fry", "06:00", "weekdays like"),
    "weekday twice": (
        '{mon-fri: ["06:00-22:00"]}', '{mon-fri: ["06:00-22:00"], fri: ["08:00-12:00"]}',
        4, "calendars.working.open", "mon-fri", "each weekday in one line only (fri",
    ),
    "exception without a date": ('"2026-11-27"', '"27.11.2026"', 6, "exceptions[0].date", "27.11.2026", "2026-12-24"),
    "date that does not exist": ('"2026-11-27"', '"2026-02-30"', 6, "exceptions[0].date", "2026-02-30", "a date like"),
    "unknown country": ("country: BE", "country: BX", 5, "working.holidays.country", "BX", "a country code such as"),
    "unknown subdivision": ("{country: BE}", "{country: DE, subdivision: XX}", 5, "holidays.subdivision", "XX", "BY"),
    "duplicate rule id": ("id: bay-night", "id: bay-loiter", 19, "rules[1].id", "bay-loiter", "each rule id once"),
    "duplicate visit name": (
        "max_people: 3}]", "max_people: 3}, {name: cleaners, days: wed, hours: '22:00-23:00', max_people: 1}]",
        7, "calendars.working.visits[1].name", "cleaners", "name once",
    ),
    "dwell of nothing": ("dwell_s: 120", "dwell_s: 0", 18, "rules[0].dwell_s", "0", "a number above 0"),
    "dwell as a text": ("dwell_s: 120", "dwell_s: '120'", 18, "rules[0].dwell_s", "120", "a number"),
    "dwell without end": ("dwell_s: 120", "dwell_s: .inf", 18, "rules[0].dwell_s", "Infinity", "a finite number"),
    "escalation before the dwell": (
        "dwell_s: 120", "dwell_s: 120, escalate_s: [60]", 18, "rules[0].escalate_s", "[60]",
        "longer than dwell_s (120)",
    ),
    "escalation out of order": (
        "dwell_s: 120", "dwell_s: 120, escalate_s: [300, 200]", 18, "escalate_s", "[300, 200]", "in rising order",
    ),
    "negative bridge": ("dwell_s: 120", "dwell_s: 120, bridge_s: -1", 18, "rules[0].bridge_s", "-1", "0 or more"),
    "window without cumulative": (
        "dwell_s: 120", "dwell_s: 120, window_s: 300", 18, "rules[0].window_s", "300", "mode: cumulative",
    ),
    "unknown kind": ("kind: loitering", "kind: lingering", 18, "rules[0].kind", "lingering", "loitering, after_hours"),
    "no kind": ("kind: loitering, ", "", 18, "cameras.dock.rules[0].kind", "(missing)", "one of loitering"),
    "unknown direction": (
        "line: gate}", "line: gate, direction: up}", 20, "rules[2].direction", "up", "left, right or both",
    ),
    "calendar and always": (
        "calendar: working}", "calendar: working, always: true}", 19, "cameras.dock.rules[1]", "bay-night",
        "one of calendar",
    ),
    "two routes in one": (
        "kind: line_crossing, line: gate", "kind: unusual_route, false_alarms_per_week: 1, forbidden: [[bay, x]]",
        20, "cameras.dock.rules[2]", "gate-out", "exactly one of",
    ),
    "sequence of one zone": (
        "kind: line_crossing, line: gate", "kind: unusual_route, sequence: [bay, bay]",
        20, "rules[2].sequence", '["bay", "bay"]', "different zones",
    ),
    "from a zone to itself": (
        "kind: line_crossing, line: gate", "kind: unusual_route, forbidden: [[bay, bay]]",
        20, "rules[2].forbidden", '[["bay", "bay"]]', "two different zones",
    ),
    "corridor without width": (
        "kind: line_crossing, line: gate", "kind: unusual_route, corridor: {points: [[0, 0], [1, 1]], width_bh: 0}",
        20, "rules[2].corridor.width_bh", "0", "a number above 0",
    ),
    "closed dwell without calendar": (
        "dwell_s: 120", "dwell_s: 120, closed_dwell_s: 9", 18, "rules[0].closed_dwell_s", "9", "with calendar",
    ),
    "calendar without closed dwell": (
        "dwell_s: 120", "dwell_s: 120, calendar: working", 18, "cameras.dock.rules[0]", "bay-loiter", "closed_dwell_s",
    ),
    "window shorter than the dwell": (
        "dwell_s: 120", "dwell_s: 120, mode: cumulative, window_s: 60", 18, "rules[0].window_s", "60", "longer than",
    ),
    "cumulative without window": (
        "dwell_s: 120", "dwell_s: 120, mode: cumulative", 18, "cameras.dock.rules[0]", "bay-loiter", "with window_s",
    ),
    "class twice": (
        "dwell_s: 120", "dwell_s: 120, classes: [person, person]", 18, "rules[0].classes", "person", "each class once",
    ),
    "no classes": ("dwell_s: 120", "dwell_s: 120, classes: []", 18, "rules[0].classes", "[]", "at least 1"),
    "stragglers of a zone that never closes": (
        "calendar: working}", "always: true, straggler_grace_s: 9}",
        19, "cameras.dock.rules[1]", "bay-night", "calendar",
    ),
    "days for a corridor": (
        "kind: line_crossing, line: gate",
        "kind: unusual_route, min_days: 3, corridor: {points: [[0, 0], [1, 1]], width_bh: 1}",
        20, "cameras.dock.rules[2]", "gate-out", "min_days only with false_alarms_per_week",
    ),
    "over and under": (
        "kind: line_crossing, line: gate", "kind: occupancy, zone: bay, over: 3, under: 1",
        20, "cameras.dock.rules[2]", "gate-out", "exactly one of over, under",
    ),
    "part of a person": (
        "kind: line_crossing, line: gate", "kind: occupancy, zone: bay, over: 2.5",
        20, "rules[2].over", "2.5", "a whole number",
    ),
    "line of one point": ("[[0.2, 0.8], [0.8, 0.8]]", "[[0.2, 0.8]]", 15, "gate.points", "0.2", "two or more points"),
    "line of equal points": ("[0.8, 0.8]", "[0.2, 0.8]", 15, "gate.points", "0.2", "each unlike the one before"),
    "line outside": ("[0.8, 0.8]", "[1.8, 0.8]", 15, "gate.points", "1.8", "points within 0 and 1"),
    "mask that crosses itself": (
        "masks: []", "masks: [[[0, 0], [1, 1], [1, 0], [0, 1]]]", 16, "cameras.dock.masks[0]", "[0, 1]", "do not cross",
    ),
    "zone without a shape": ("{polygon: [[0.1, 0.5]", "{shape: [[0.1, 0.5]", 14, "bay.polygon", "(missing)", "needed"),
    "unknown risk": ("0.95]]}", "0.95]], risk: none}", 14, "bay.risk", "none", "low, medium or high"),
    "exception twice": (
        "open: []}]", 'open: []}, {date: "2026-11-27", open: ["08:00-09:00"]}]',
        6, "working.exceptions", "2026-11-27", "one exception for a date",
    ),
    "subdivision where there is none": (
        "{country: BE}", "{country: EE, subdivision: X}", 5, "holidays.subdivision", "X", "this country has none",
    ),
    "visit without hours": ('hours: "22:00-23:30"', "hours: []", 7, "visits[0].hours", "[]", "hours like"),
    "visit of nobody": ("max_people: 3", "max_people: 0", 7, "visits[0].max_people", "0", "1 or more"),
    "hours as a number": ('["06:00-22:00"]', "[6]", 4, "working.open.mon-fri[0]", "6", "hours like"),
    "calendar as a text": ("    holidays: {country: BE}", "    holidays: BE", 5, "working.holidays", "BE", "a mapping"),
    "key that is no text": ("masks: []", "? [a]\n    : b", 16, "cameras.dock", "a key that is no plain text", "texts"),
    "link without a host": ("link: embedded", "link: redis://", 21, "alerts.link", "redis://", "redis://host"),
    "link that is no address": ("link: embedded", "link: 'redis://[x'", 21, "alerts.link", "redis://[x", "redis://host"),
    "unknown class": (
        "dwell_s: 120", "dwell_s: 120, classes: [persons]", 18, "rules[0].classes", "persons", "mean person?",
    ),
    "unknown scheme": ("rtsp://10.0.0.9/main", "ftp://10.0.0.9/main", 11, "cameras.dock.source", "ftp://10", "rtsp://"),
    "address with one slash": (
        "rtsp://10.0.0.9/main", "rtsp:/10.0.0.9", 11, "cameras.dock.source", "rtsp:/", "rtsp://",
    ),
    "address without a host": (
        "rtsp://10.0.0.9/main", "rtsp:///main", 11, "cameras.dock.source", "rtsp:///main", "a host",
    ),
    "start of a live camera": (
        "analyze_fps: 5", "start: 2026-11-22T21:58:00+01:00", 12, "cameras.dock.start", "2026-11-22",
        "source is a file",
    ),
    "speed of nothing": ("analyze_fps: 5", "analyze_fps: 0", 12, "cameras.dock.analyze_fps", "0", "above 0"),
    "true for a number": ("analyze_fps: 5", "analyze_fps: true", 12, "cameras.dock.analyze_fps", "true", "a number"),
    "unknown provider": ("score: 0.35", "providers: [gpu]", 8, "detector.providers[0]", "gpu", "cpu, openvino, cuda or tensorrt"),
    "provider twice": ("score: 0.35", "providers: [cpu, cpu]", 8, "detector.providers", "cpu", "once"),
    "no provider": ("score: 0.35", "providers: []", 8, "detector.providers", "[]", "at least one"),
    "no thread": ("score: 0.35", "threads: 0", 8, "detector.threads", "0", "1 or more"),
    "regions of what": ("score: 0.35", "regions: maybe", 8, "detector.regions", "maybe", "true or false"),
    "score past one": ("score: 0.35", "score: 1.5", 8, "detector.score", "1.5", "1 or less"),
    "unknown link": ("link: embedded", "link: kafka://x", 21, "alerts.link", "kafka://x", "redis://"),
    "name with a slash": ("  dock:", "  ../dock:", 10, "cameras.../dock", "rtsp", "letters, digits"),
    "zones as a list": (
        "{gate: {points: [[0.2, 0.8], [0.8, 0.8]]}}", "[gate]", 15, "cameras.dock.lines", "gate", "a mapping",
    ),
    "duplicate key": (
        "    masks: []", "    analyze_fps: 6", 16, "cameras.dock.analyze_fps", "duplicate key", "each key once",
    ),
    "alias": ("score: 0.35", "score: *x", 8, "detector.score", "an alias or anchor", "written out"),
    "anchor": ("score: 0.35", "score: &x 0.35", 8, "detector.score", "an alias or anchor", "written out"),
    "tag": ("score: 0.35", "score: !!python/name:os.system x", 8, "detector.score", "tag", "without tags"),
    "broken YAML": ("masks: []", "masks: [", 18, "(document)", "", "YAML 1.2"),
    "second document": ("alerts:", "---\nalerts:", 21, "(document)", "a second document", "one document"),
}  # fmt: skip


def fault(text: str) -> str:
    with pytest.raises(SiteError) as caught:
        parse_site(text, "folder/site.yaml")
    return str(caught.value)


@pytest.mark.parametrize("word", BROKEN)
def test_a_fault_names_line_key_value_and_what_is_allowed(word: str) -> None:
    part, instead, line, key, value, allowed = BROKEN[word]
    assert GOOD.count(part) == 1
    message = fault(GOOD.replace(part, instead))
    told = next((one for one in message.splitlines() if one.startswith(f"folder/site.yaml:{line}: ")), message)
    _, where, rest = told.split(": ", 2)
    assert told.startswith(f"folder/site.yaml:{line}: "), message
    assert where.endswith(key), message
    assert value in rest, message
    assert allowed in rest, message


def test_the_good_file_is_good() -> None:
    assert parse_site(GOOD, "site.yaml").name == "Depot"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("- a\n", "not a mapping"),
        ("hello\n", "not a mapping"),
        ("site: {name: a, timezone: UTC}\n", "site.yaml:1: cameras: (missing): this key is needed"),
        ("cameras: {}\n", "site.yaml:1: site: (missing): this key is needed"),
        (
            "cameras: {}\nsite: {name: '', timezone: UTC}\n",
            "site.yaml:2: site.name: : allowed: a text that is not empty",
        ),
        ("cameras: {}\nsite: {name: a, timezone: ../../etc/passwd}\n", "an IANA time zone"),
        ("a: [" * 40 + "]" * 40, "nested too deeply"),
        ("\x00", "YAML 1.2"),
    ],
)  # fmt: skip
def test_documents_that_are_no_site(text: str, said: str) -> None:
    assert said in fault(text)


def test_every_fault_is_listed_in_order() -> None:
    text = GOOD.replace("dwell_s: 120", "dwell_s: -1").replace("zone: bay, calendar", "zone: b, calendar")
    text = text.replace("score: 0.35", "score: 3").replace("06:00-22:00", "6-22")
    lines = fault(text).splitlines()
    assert lines[0].endswith("4 faults")
    assert [line.split(":")[1] for line in lines[1:]] == ["4", "8", "18", "19"]


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    text = GOOD.replace("rtsp://10.0.0.9/main", "a.mp4").replace("analyze_fps: 5", "start: 2026-03-29T02:30:00")
    assert "its clocks skip 02:30 on 2026-03-29" in fault(text)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (
            "from: 2026-03-29T02:30, until: 2026-03-29T05:00",
            "overrides[0].from: 2026-03-29T02:30: allowed: a time that exists",
        ),
        (
            "from: 2026-03-28T02:30, until: 2026-03-28T02:30",
            "overrides[0].until: 2026-03-28T02:30: allowed: a time after from",
        ),
        ("from: today, until: 2026-03-28T02:30", "overrides[0].from: today: allowed: a date and time like"),
    ],
)  # fmt: skip
def test_overrides_have_times_that_exist_and_an_end(times: str, said: str) -> None:
    text = GOOD.replace("    holidays:", f"    overrides: [{{kind: armed, {times}}}]\n    holidays:")
    assert said in fault(text)


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"k{n}: &k{n} [*a, *a, *a]\n" for n in range(50_000))
    assert "alias or anchor" in fault(bomb[:1_000_000])


def test_a_file_past_one_mebibyte_is_refused() -> None:
    assert "too large" in fault("#" * (1 << 20) + "\n")


def test_no_password_stands_in_a_fault() -> None:
    message = fault(GOOD.replace("rtsp://10.0.0.9/main", "ftp://admin:S3cr3t/@x?y@10.0.0.9/main"))
    assert "S3cr3t" not in message
    assert "ftp://***@10.0.0.9/main" in message
