"""All pages: accessible by axe-core's rules, the wall and the shift, no fault in the browser's log, quick to paint."""

from __future__ import annotations

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from tests.browser.desk import Cameras, axe_script, find, open_page, rows, text, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def axe(tool) -> str:
    return axe_script(tool("npm"))


@pytest.fixture
def busy(make_desk):
    """A desk with alerts in every state, a shelf, a flood of none, and a camera that sees nothing."""
    desk = make_desk(control=Cameras(dock="running", yard="timed_out"))
    for number, severity in enumerate(("high", "medium", "low")):
        desk.raise_alert(f"k{number}", severity=severity, kind="after_hours" if number else "loitering")
    desk.raise_alert("claimed", camera="yard")
    desk.store.claim("claimed", actor="anna")
    desk.raise_fault("covered")
    desk.store.hand_over_shift(actor="anna", note="the gate sticks")
    return desk


def violations(browser: WebDriver, axe: str) -> list[str]:
    """Run in the page's own world by the debugger, as the pages' policy lets no foreign script in."""
    browser.execute_script(axe)
    found = browser.execute_async_script(
        "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then((r) => done(r.violations))", RULES
    )
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("path", ["/", "/wall.html", "/shift.html"])
def test_accessible(busy, browser: WebDriver, axe: str, path: str, theme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": theme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    open_page(browser, path)
    until(lambda: len(text(browser, "main")) > 100, why="the page stays empty")
    if path == "/":
        until(lambda: "Resolve as" in text(browser, "alert-detail"), why="nothing is chosen")
        find(browser, "summary").click()
    assert violations(browser, axe) == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_the_check_itself_finds_a_fault(busy, browser: WebDriver, axe: str) -> None:
    open_page(browser)
    browser.execute_script("document.body.append(document.createElement('img'))")
    assert any("image-alt" in one for one in violations(browser, axe))


def test_dialogs_are_accessible(busy, browser: WebDriver, axe: str) -> None:
    open_page(browser)
    until(lambda: len(rows(browser)) > 0, why="no rows")
    for key in ("?", "r", "s", "g", "t"):
        find(browser, "body").send_keys(key)
        until(lambda: browser.execute_script("return !!document.querySelector('dialog[open]')"), why=f"{key}: none")
        assert violations(browser, axe) == []
        browser.execute_script("document.querySelector('dialog[open]').close()")


def test_wall_shows_what_is_unguarded(busy, browser: WebDriver) -> None:
    open_page(browser, "/wall.html")
    until(lambda: "UNGUARDED" in text(browser, ".camera.blind"), why="a covered camera looks like a quiet one")
    until(
        lambda: len(browser.execute_script("return [...document.querySelectorAll('.camera.blind')]")) == 2, why="yard"
    )
    assert "no answer" in text(browser, ".wall")
    open_page(browser, "/wall.html#yard")
    browser.refresh()
    until(lambda: text(browser, "camera-strip b").startswith("yard"), why="the address does not choose cameras")
    assert len(browser.execute_script("return [...document.querySelectorAll('.camera')]")) == 1


def test_shift_tells_load_and_hands_over(busy, browser: WebDriver) -> None:
    open_page(browser, "/shift.html")
    until(lambda: "the gate sticks" in text(browser, "#overs"), why="the last hand-over is not shown")
    until(lambda: text(browser, "#numbers b") == "5", why="the figures are not shown")
    assert "dock-after_hours" in text(browser, "#worst")
    find(browser, "textarea").send_keys("fog since 04:00")
    find(browser, "#over button").click()
    until(lambda: "fog since 04:00" in text(browser, "#overs"), why="the hand-over is not kept")
