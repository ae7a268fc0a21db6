"""The walk test on a phone's screen: begin, be ticked off, end with a sheet."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from pipeline.editing.walks import Walks
from pipeline.site import parse_site
from pipeline.types import Person, Sight
from tests.browser.desk import PORT, Desk, axe_script, find, text, until
from tests.browser.test_pages import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SITE = parse_site(
    """
site: {name: Depot North, timezone: Europe/Brussels}
cameras:
  dock: {source: x.mp4, zones: {bay: {polygon: [[0.2, 0.4], [0.8, 0.4], [0.8, 0.9], [0.2, 0.9]]}}}
  yard: {source: y.mp4, zones: {bay: {polygon: [[0.2, 0.4], [0.8, 0.4], [0.8, 0.9], [0.2, 0.9]]}}}
""",
    "site.yaml",
)


class Setup:
    """Real walks over feet that the test sets."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self.told: dict[str, list[Sight]] = {"dock": [], "yard": []}
        self.kept = Walks(folder / "walks", sights=self.told.__getitem__, clock=desk.clock)
        self.walk, self.walks, self.walk_changes = self.kept.get, self.kept.listed, self.kept.changes
        self.end_walk = self.kept.end

    def document(self):
        return {"cameras": dict.fromkeys(self.told)}

    def begin_walk(self, cameras, *, minutes, actor):
        return self.kept.begin(SITE, version=7, cameras=cameras, minutes=minutes, actor=actor).value()

    def stand(self, camera: str, foot: tuple[float, float], *, seq: int) -> None:
        person = Person(track_id=1, foot=foot, height_px=88.0)
        self.told[camera].append(
            Sight(camera_id=camera, seq=seq, utc=1000.0 + seq, width=160, height=90, people=(person,))
        )


@pytest.fixture
def setup(desk: Desk, tmp_path: Path):
    setup = Setup(tmp_path, desk)
    desk.server.config.app.state.setup = setup
    yield setup
    setup.kept.stop()


def test_a_walk_from_begin_to_sheet(setup: Setup, browser: WebDriver, tool) -> None:
    screen = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(f"http://127.0.0.1:{PORT}/walk.html")
    until(lambda: "Begin" in text(browser, ".walk-form"), why="no form", within_s=60)
    axe = axe_script(tool("npm"))
    assert violations(browser, axe) == []
    find(browser, ".walk-form .primary").click()
    until(lambda: text(browser, ".walk-count") == "0 of 2", why="no walk began", within_s=60)
    setup.stand("yard", (0.1, 0.2), seq=1)
    until(lambda: "88 px" in text(browser, ".walk-people"), why="nobody is shown", within_s=60)
    assert text(browser, ".walk-cameras [aria-pressed=true]") == "yard"  # it follows
    setup.stand("yard", (0.5, 0.6), seq=2)
    until(lambda: text(browser, ".walk-count") == "1 of 2", why="the zone is not ticked", within_s=60)
    assert "bay yard" in text(browser, ".walk-targets .reached")
    assert violations(browser, axe) == []
    wide = browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    find(browser, ".walk-end textarea").send_keys("fog")
    find(browser, ".walk-end .warn").click()
    until(lambda: "1 not reached" in text(browser, ".sheet"), why="no sheet", within_s=60)
    assert "fog" in text(browser, ".sheet")
    assert "version 7" in text(browser, ".sheet")
    assert violations(browser, axe) == []
    faults = [
        one for one in browser.get_log("browser") if one["level"] == "SEVERE" and "/picture" not in one["message"]
    ]
    assert faults == []
