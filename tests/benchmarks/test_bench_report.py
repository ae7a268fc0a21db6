"""What `python -m benchmarks` writes: plots that parse, tables that name what is missing, and how parts are run."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as runner
from benchmarks.events import Losing
from benchmarks.machine import describe, quantile, spread
from benchmarks.suite import PARTS, Part
from benchmarks.svg import write_plot

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("series", "log"),
    [
        ({"one": [(0.0, 0.0)]}, False),
        ({"a": [(1, 2), (3, 4)], "b & <c>": [(1, 200), (3, -4)]}, False),
        ({"a": [(1, 0.02), (1000, 3e6)]}, True),
        ({"flat": [(1, 5), (2, 5)]}, True),
    ],
    ids=["a point at nought", "two series, odd name, below nought", "decades", "flat, logarithmic"],
)
def test_plots_are_svg_with_every_point_inside(tmp_path: Path, series: Any, log: bool) -> None:
    write_plot(tmp_path / "new" / "p.svg", series, title="a < b", x="x", y="y", log_x=log, log_y=log)
    root = ET.parse(tmp_path / "new" / "p.svg").getroot()
    circles = list(root.iter(f"{SVG}circle"))
    assert len(circles) == sum(map(len, series.values()))
    assert all(0 <= float(c.get("cx")) <= 640 and 0 <= float(c.get("cy")) <= 360 for c in circles)
    assert set(series) <= {text.text for text in root.iter(f"{SVG}text")}


@pytest.mark.parametrize(("series", "log"), [({}, False), ({"a": []}, False), ({"a": [(0, 1)]}, True)])
def test_what_cannot_be_drawn_is_refused(tmp_path: Path, series: Any, log: bool) -> None:
    with pytest.raises(ValueError):
        write_plot(tmp_path / "p.svg", series, title="t", x="x", y="y", log_x=log)


def test_higher_values_are_drawn_higher(tmp_path: Path) -> None:
    write_plot(tmp_path / "p.svg", {"a": [(1, 1), (2, 3)]}, title="t", x="x", y="y")
    low, high = ET.parse(tmp_path / "p.svg").getroot().iter(f"{SVG}circle")
    assert float(high.get("cy")) < float(low.get("cy"))
    assert float(high.get("cx")) > float(low.get("cx"))


def test_sums() -> None:
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "range": [1.0, 3.0], "rounds": 3}
    assert [quantile([1, 2, 3, 4], share) for share in (0.0, 0.5, 0.99)] == [1, 3, 4]
    assert describe()["cores"] >= 1


def test_cells_of_a_printed_table() -> None:
    text = "chatter\n| set | method |\n|---|---|\n| A: b | **Nightjar** |\n| C | d |\n"
    assert runner.table(text) == [["A: b", "**Nightjar**"], ["C", "d"]]
    with pytest.raises(ValueError):
        runner.table("no table here")


def none(_: Any) -> Any:
    yield from ()


def test_a_part_without_data_module_or_result_says_so(tmp_path: Path) -> None:
    lacking = Part(name="events", rows=none, needs=(tmp_path / "absent.mp4",))
    assert runner.run_part(lacking, full=False) == {"status": "skipped", "reason": "absent.mp4 of the assets absent"}
    unwritten = runner.run_part(Part(name="no_such_benchmark", rows=none), full=False)
    assert unwritten["status"] == "skipped"
    silent = runner.run_part(Part(name="x", rows=none, command=("-c", "import sys; sys.exit('broken')")), full=False)
    assert (silent["status"], silent["reason"]) == ("failed", "broken")
    endless = Part(name="x", rows=none, command=("-c", "import time; time.sleep(60)"), limit_s=0.2)
    assert runner.run_part(endless, full=False)["status"] == "failed"


def test_a_part_gives_its_last_line_and_whether_its_goals_were_met() -> None:
    code = "print('told'); print('{\"a\": 1}'); raise SystemExit(1)"
    found = runner.run_part(Part(name="x", rows=none, command=("-c", code)), full=False)
    assert (found["status"], found["result"], found["goals_met"]) == ("done", {"a": 1}, False)


def test_the_table_lists_what_has_no_figure() -> None:
    idle = {
        "cpu_ms_per_video_s": {"motion": {"median": 70.0}},
        "over_decode": {"motion": {"median": 1.2, "range": [1.1, 1.3]}},
    }
    latest = {
        "full": False, "utc": "2026-11-22T06:00:00Z", "machine": {**describe(), "load": 0.0},
        "parts": {
            "idle": {"status": "done", "result": idle}, "decode": {"status": "failed", "reason": "broken"},
            "rules": {"status": "done", "result": {"of": "another form"}},
        },
    }  # fmt: skip
    made = runner.in_words(latest)
    assert (
        "| idle 1080p25 at 5 fps, motion, over decoding | 1.2 (1.1 to 1.3) x; 70 ms a second | at most 1.3 x; 70 ms |"
        in made
    )
    assert "- decode: failed, broken" in made
    assert "- rules: its result has another form" in made
    assert "- events: skipped, not run" in made
    assert "Nothing else ran." in made
    latest["parts"]["idle"]["load"] = 99.0
    assert "Provisional" in runner.in_words(latest)


def test_the_readme_keeps_what_others_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    monkeypatch.setattr(runner, "README", readme)
    readme.write_text(f"before\n{runner.BEGIN}\nold\n{runner.END}\nafter\n")
    runner.write_readme(f"{runner.BEGIN}\nnew\n{runner.END}")
    assert readme.read_text() == f"before\n{runner.BEGIN}\nnew\n{runner.END}\nafter\n"


def test_parts_are_named_once() -> None:
    assert len({part.name for part in PARTS}) == len(PARTS)


def test_lost_frames() -> None:
    """At 5 fps: all, half of them or so, and none in the first two of every ten seconds."""
    pts = [n / 25 for n in range(2500)]

    def taken(**losses: float) -> list[float]:
        sampler = Losing(5.0, **losses)
        return [t for t in pts if sampler.take(t)]

    assert len(taken()) == 500
    assert 200 < len(taken(share=0.5)) < 300
    assert taken(share=0.5) == taken(share=0.5)
    assert all(t % 10 >= 2 for t in taken(gap_s=2.0, every_s=10.0))
    assert len(taken(gap_s=2.0, every_s=10.0)) == 400
