"""The page of records: accessible, counts, hands evidence over, erases only what was confirmed."""

from __future__ import annotations

from typing import Any

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from pipeline.retention.request import Erased, Erasure
from tests.browser.desk import PORT, Desk, axe_script, find, text, until
from tests.browser.test_pages import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Eraser:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Erasure] = []

    def erase(self, wanted: Erasure) -> Erased:
        self.asked.append(wanted)
        return Erased(cameras=["dock"], alerts=2, held=["k1"])


@pytest.fixture
def eraser(desk: Desk, browser: WebDriver) -> Eraser:
    assert desk.server is not None
    app: Any = desk.server.config.app
    app.state.eraser = eraser = Eraser()
    desk.raise_alert("k1")
    browser.get_log("browser")
    browser.get(f"http://127.0.0.1:{PORT}/records.html")
    until(lambda: "Erase for good" in text(browser, "main"), why="the page stays empty", within_s=60)
    return eraser


def button(browser: WebDriver, words: str) -> Any:
    found = browser.execute_script(
        "return [...document.querySelectorAll('button')].find((one) => one.textContent === arguments[0])", words
    )
    assert found is not None, words
    return found


def test_count_and_export(eraser: Eraser, desk: Desk, browser: WebDriver, tool: Any) -> None:
    for theme in ("dark", "light"):
        features = [{"name": "prefers-color-scheme", "value": theme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        assert violations(browser, axe_script(tool("npm"))) == []
    button(browser, "Count").click()
    until(lambda: "1 alert in this time" in text(browser, "main"), why="nothing was counted", within_s=60)
    button(browser, "Export").click()
    until(lambda: "saved where this browser" in text(browser, "main"), why="nothing was exported", within_s=60)
    assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []


def test_what_was_done_is_shown(eraser: Eraser, desk: Desk, browser: WebDriver, tool: Any) -> None:
    button(browser, "Export").click()
    until(lambda: "saved where this browser" in text(browser, "main"), why="nothing was exported", within_s=60)
    button(browser, "Show").click()
    until(lambda: "exported together" in text(browser, "tbody"), why="the log is not shown", within_s=60)
    assert "alert/k1" in text(browser, "tbody")
    assert violations(browser, axe_script(tool("npm"))) == []


def test_erasure_takes_a_reason_and_a_typed_word(eraser: Eraser, browser: WebDriver) -> None:
    erase = button(browser, "Erase for good")
    reason, sure = browser.execute_script("return [...document.querySelectorAll('.danger input[type=text]')]")
    assert not erase.is_enabled()
    sure.send_keys("ERASE")
    assert not erase.is_enabled()
    reason.send_keys("a request")
    assert erase.is_enabled()
    find(browser, "input[value=dock]").click()
    erase.click()
    until(lambda: "2 alerts" in text(browser, ".danger"), why="nothing was erased", within_s=60)
    assert "1 alert stays" in text(browser, ".danger")
    (asked,) = eraser.asked
    assert (asked.cameras, asked.reason, asked.held_too) == (("dock",), "a request", False)
    assert 86_000 < asked.until_utc - asked.since_utc < 87_000
    until(lambda: not erase.is_enabled(), why="it can be pressed again at once", within_s=60)
