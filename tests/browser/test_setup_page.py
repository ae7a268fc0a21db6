"""The installers' page in real Chromium: draw, be told what is odd, try, save, and go back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from pipeline.clock import FakeClock
from pipeline.editing.desk import SiteDesk
from pipeline.editing.setup import Setup
from pipeline.editing.versions import Versions
from pipeline.folders import DataFolder
from pipeline.track.log import TrackLog
from tests.browser.desk import PORT, Desk, find, until
from tests.editing.test_dry_run import SITE, START, evening

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Site:
    """A site file behind the page, with an evening of tracks of its camera."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.path = folder / "site.yaml"
        self.path.write_text(SITE)
        data = DataFolder(folder / "data").create()
        with TrackLog(data.tracks(), "dock") as log:
            for tracks in evening(gap_s=10.0):
                log.append(tracks)
        clock = FakeClock(utc=START + 86_400)
        self.desk = SiteDesk(
            self.path, name=str(self.path), versions=Versions(data.versions), clock=clock, apply=lambda *_: None
        )
        assert desk.server is not None
        app: Any = desk.server.config.app
        app.state.setup = Setup(self.desk, data=data, clock=clock)


@pytest.fixture
def site(desk: Desk, browser: WebDriver, tmp_path: Path) -> Site:
    (tmp_path / "site").mkdir()
    site = Site(desk, tmp_path / "site")
    browser.get_log("browser")
    browser.get(f"http://127.0.0.1:{PORT}/setup.html")
    until(lambda: shapes(browser) == ["zone bay"], why="the camera did not open", within_s=60)
    # its file is not there: the notice about it pushes the picture down, once
    until(lambda: find(browser, "#failed").text, why="nothing was said of its picture", within_s=60)
    return site


def shapes(browser: WebDriver) -> list[str]:
    script = """return [...document.querySelectorAll('zone-editor [data-key]')].map((one) =>
        one.dataset.key.replace('/', ' '))"""
    return list(browser.execute_script(script))


def click(browser: WebDriver, words: str, within: str = "body") -> None:
    script = """const found = [...document.querySelectorAll(`${arguments[1]} button`)].filter((one) =>
        one.textContent.trim().startsWith(arguments[0]) && !one.disabled); found[0]?.click(); return found.length"""
    until(lambda: browser.execute_script(script, words, within), why=f"no button {words!r}", within_s=60)


def draw(browser: WebDriver, points: list[tuple[float, float]], *, end: str = Keys.ENTER) -> None:
    svg = find(browser, "zone-editor svg")
    width, height = svg.size["width"], svg.size["height"]
    actions = ActionChains(browser)
    for x, y in points:
        actions.move_to_element_with_offset(svg, int((x - 0.5) * width), int((y - 0.5) * height)).click().pause(0.4)
    actions.send_keys(end).perform()


def field(browser: WebDriver, words: str) -> Any:
    script = """return [...document.querySelectorAll('#side label')].find((one) =>
        one.textContent.startsWith(arguments[0]))?.querySelector('input, select')"""
    until(lambda: browser.execute_script(script, words), why=f"no field {words!r}")
    return browser.execute_script(script, words)


def put(browser: WebDriver, words: str, value: str) -> None:
    entry = field(browser, words)
    entry.send_keys(Keys.CONTROL + "a")
    entry.send_keys(value)
    entry.send_keys(Keys.TAB)


def side(browser: WebDriver) -> str:
    return str(find(browser, "#side").text)


def test_a_zone_is_drawn_nudged_taken_back_and_saved(site: Site, browser: WebDriver) -> None:
    find(browser, "body").send_keys("z")
    draw(browser, [(0.1, 0.6), (0.3, 0.6), (0.3, 0.9), (0.1, 0.9)])
    until(lambda: shapes(browser) == ["zone bay", "zone zone-1"], why="nothing was drawn")
    svg = find(browser, "zone-editor svg")
    for _ in range(5):
        svg.send_keys(Keys.SHIFT, Keys.ARROW_RIGHT, Keys.NULL)
    browser.execute_script("document.activeElement.blur()")
    name = find(browser, "[data-shape='zone/zone-1'] input")
    name.send_keys(Keys.CONTROL + "a")
    name.send_keys("door" + Keys.TAB)
    until(lambda: shapes(browser) == ["zone bay", "zone door"], why="it was not renamed")
    click(browser, "Undo")
    until(lambda: shapes(browser) == ["zone bay", "zone zone-1"], why="it was not taken back")
    click(browser, "Redo")
    click(browser, "Save", "#side")
    until(lambda: "door" in site.desk.site.cameras["dock"].zones, why="it was not saved", within_s=30)
    corners = site.desk.site.cameras["dock"].zones["door"].polygon
    assert corners[0][0] == pytest.approx(0.2, abs=0.02)
    assert corners[0][1] == pytest.approx(0.6, abs=0.02)


def test_what_is_odd_is_said_while_drawing(site: Site, browser: WebDriver) -> None:
    find(browser, "body").send_keys("z")
    draw(browser, [(0.05, 0.1), (0.3, 0.3), (0.3, 0.1), (0.05, 0.3)])
    until(lambda: "crosses itself" in side(browser), why="the lint says nothing")
    click(browser, "Save", "#side")
    until(lambda: "sides do not cross" in find(browser, "#failed").text, why="the site took it")
    assert site.path.read_text() == SITE


def test_a_change_is_tried_on_the_last_days_and_the_slider_sets_it(site: Site, browser: WebDriver) -> None:
    put(browser, "Dwell, s", "10")
    click(browser, "Try on the last 7 days")
    until(lambda: "would have raised 3 alerts; as it is: 2" in side(browser), why="no report", within_s=90)
    assert "+1 new" in side(browser)
    slider = find(browser, "#side input[type=range]")
    for _ in range(8):
        slider.send_keys(Keys.ARROW_RIGHT)
    until(lambda: "At 40 s: 1 alert in that time" in side(browser), why="the slider says nothing")
    click(browser, "Use it")
    until(lambda: field(browser, "Dwell, s").get_attribute("value") == "40", why="it was not taken")


def test_another_version_in_between_is_a_conflict_and_versions_go_back(site: Site, browser: WebDriver) -> None:
    other = site.path.read_text().replace("dwell_s: 20", "dwell_s: 25")
    site.desk.save(other, seen=site.desk.version.digest, actor="tom")
    put(browser, "Dwell, s", "30")
    click(browser, "Save", "#side")
    until(lambda: "came in between" in find(browser, "#failed").text, why="no conflict was told")
    assert "dwell_s: 25" in site.path.read_text()
    click(browser, "Discard")
    browser.refresh()
    until(lambda: shapes(browser) == ["zone bay"], why="the page did not come back", within_s=60)
    click(browser, "Versions")
    click(browser, "Go back to this version", "#side")
    until(lambda: "dwell_s: 20" in site.path.read_text(), why="it did not go back", within_s=30)


def test_the_page_has_no_faults_of_its_own(site: Site, browser: WebDriver) -> None:
    click(browser, "Heat map")
    assert browser.execute_script("return !document.querySelector('zone-editor canvas').hidden")
    grave = [line for line in browser.get_log("browser") if "Content Security Policy" in line["message"]]
    assert grave == []


def test_a_corridor_is_drawn_and_a_save_can_be_undone(site: Site, browser: WebDriver) -> None:
    find(browser, "body").send_keys("c")
    draw(browser, [(0.1, 0.6), (0.5, 0.6), (0.9, 0.9)])
    until(lambda: "corridor corridor-1" in shapes(browser), why="no corridor was drawn", within_s=60)
    click(browser, "Save", "#side")
    until(lambda: len(site.desk.site.cameras["dock"].rules) == 3, why="it was not saved", within_s=60)
    rule = site.desk.site.cameras["dock"].rules[-1]
    assert (rule.id, rule.kind, rule.trial) == ("corridor-1", "unusual_route", True)
    until(lambda: "Saved as version" in find(browser, "#version").text, why="the page did not go on", within_s=60)
    click(browser, "Undo")
    until(lambda: shapes(browser) == ["zone bay"], why="nothing was taken back across the save", within_s=60)
    click(browser, "Save", "#side")
    until(lambda: len(site.desk.site.cameras["dock"].rules) == 2, why="the way back was not saved", within_s=60)


def test_usual_ways_lie_underneath(site: Site, browser: WebDriver) -> None:
    count = "return document.querySelectorAll('zone-editor .way').length"
    assert browser.execute_script(count) == 0
    until(
        lambda: browser.execute_script("return document.querySelector('zone-editor').past"), why="no past", within_s=90
    )
    click(browser, "Heat map")
    assert browser.execute_script(count) > 0
    click(browser, "Heat map")
    assert browser.execute_script(count) == 0
