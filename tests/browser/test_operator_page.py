"""The operator's page in real Chromium: alerts arrive live, are worked off from the keyboard, and a lost feed is loud."""

from __future__ import annotations

import time

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from tests.browser.desk import PORT, Desk, find, press, rows, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_alerts_arrive_live_sorted_by_severity_with_picture_and_reason(desk: Desk, page: WebDriver) -> None:
    desk.raise_alert("k1")
    until(lambda: rows(page) == ["Loitering"], why="the alert did not arrive")
    desk.raise_alert("k2", kind="after_hours", severity="high")
    until(lambda: rows(page) == ["After hours", "Loitering"], why="the higher severity is not on top")
    until(lambda: find(page, "alert-detail img").get_property("naturalWidth") == 160, why="no picture")
    assert (
        "Movement stayed in bay for 130 s; limit 120 s; hidden for 4 s of it" in find(page, "alert-detail .reason").text
    )
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_worked_off_from_the_keyboard(desk: Desk, page: WebDriver) -> None:
    for key in ("k1", "k2"):
        desk.raise_alert(key)
    until(lambda: len(rows(page)) == 2, why="the alerts did not arrive")
    press(page, "j", "k", "a")
    until(lambda: desk.store.alert("k1")["state"] == "acknowledged", why="A does not acknowledge")
    find(page, "#note").send_keys("cleaner 2 a")
    find(page, "#note").send_keys(Keys.ESCAPE)
    press(page, "2")
    until(lambda: desk.store.alert("k1")["state"] == "resolved", why="2 does not resolve")
    assert (desk.store.alert("k1")["disposition"], desk.store.alert("k1")["note"]) == ("authorised", "cleaner 2 a")
    until(lambda: len(rows(page)) == 1, why="a resolved alert stays on the list")
    press(page, "h")
    until(lambda: len(rows(page)) == 2, why="H does not show resolved alerts")
    press(page, "?")
    assert find(page, "dialog").is_displayed()
    press(page, Keys.ESCAPE)


def test_a_lost_feed_is_loud_and_resumes_without_gap_or_repeat(desk: Desk, page: WebDriver) -> None:
    desk.raise_alert("k1")
    until(lambda: len(rows(page)) == 1, why="the alert did not arrive")
    desk.stop()
    until(lambda: "FEED LOST" in find(page, "#lost").text, why="a lost feed is not said")
    desk.raise_alert("k2")
    desk.raise_alert("k3")
    desk.serve()
    until(lambda: len(rows(page)) == 3, why="what was missed did not arrive")
    assert not find(page, "#lost").is_displayed()
    time.sleep(1)
    assert len(rows(page)) == 3


def test_rows_do_not_move_under_the_pointer(desk: Desk, page: WebDriver) -> None:
    desk.raise_alert("k1")
    until(lambda: len(rows(page)) == 1, why="the alert did not arrive")
    webdriver.ActionChains(page).move_to_element(find(page, "h1")).perform()
    webdriver.ActionChains(page).move_to_element(find(page, "alert-list .row")).move_by_offset(3, 3).perform()
    desk.raise_alert("k2", kind="after_hours", severity="high")
    until(lambda: find(page, "#waiting").is_displayed(), why="waiting alerts are not said")
    assert rows(page) == ["Loitering"]
    press(page, "n")
    until(lambda: rows(page) == ["After hours", "Loitering"], why="N does not show them")


def test_an_open_page_shows_what_was_there_before(desk: Desk, browser: WebDriver) -> None:
    for number in range(8):
        desk.raise_alert(f"k{number}", camera="yard" if number % 2 else "dock")
    browser.get(f"http://127.0.0.1:{PORT}/")
    until(lambda: len(rows(browser)) == 8, why="the history is not shown")
    find(browser, "filter-bar input").send_keys("yard")
    until(lambda: len(rows(browser)) == 4, why="the filter does not filter")
