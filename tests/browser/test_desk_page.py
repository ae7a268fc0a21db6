"""The life of an alert on the page: claims, shelves, floods, protocols, incidents by hand, and a long history."""

from __future__ import annotations

import time
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from pipeline.api.outbound import Outside
from pipeline.clock import SystemClock
from pipeline.store.desk_rules import Demands, DeskRules
from tests.browser.desk import Cameras, Desk, find, open_page, press, rows, text, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
STEPS = ("call the guard", "cordon off the bay")


def state_of(desk: Desk, key: str) -> str:
    found = desk.store.alert(key)
    assert found is not None
    return str(found["state"])


def test_claimed_by_another_is_seen_at_once_and_cannot_be_resolved(desk: Desk, page: WebDriver) -> None:
    desk.raise_alert("k1")
    until(lambda: len(rows(page)) == 1, why="the alert did not arrive")
    desk.store.claim("k1", actor="anna")
    until(lambda: "anna works on it" in text(page, "alert-list .state"), why="the claim is not shown")
    until(lambda: find(page, "fieldset button").get_property("disabled"), why="another's alert can be resolved")
    press(page, "1")
    until(lambda: "anna works on it" in text(page, "#failed"), why="the refusal is not said")
    assert state_of(desk, "k1") == "acknowledged"


def test_claim_and_let_go_with_c(desk: Desk, page: WebDriver) -> None:
    desk.raise_alert("k1")
    until(lambda: len(rows(page)) == 1, why="the alert did not arrive")
    press(page, "c")
    until(lambda: desk.store.alert("k1")["claimed_by"] == "operator", why="C does not claim")
    until(lambda: "Yours until" in text(page, "alert-life"), why="the lease is not shown")
    press(page, "c")
    until(lambda: desk.store.alert("k1")["claimed_by"] is None, why="C does not let go")


def test_shelved_with_a_reason_and_taken_back(desk: Desk, page: WebDriver) -> None:
    desk.raise_alert("k1")
    until(lambda: len(rows(page)) == 1, why="the alert did not arrive")
    press(page, "s")
    page.switch_to.active_element.send_keys("roadworks", Keys.ENTER)
    until(lambda: state_of(desk, "k1") == "shelved", why="S does not shelve")
    until(lambda: "1 shelved" in text(page, "desk-bar"), why="what is shelved is not said")
    find(page, "desk-bar button").click()
    until(lambda: "roadworks" in text(page, "dialog .things"), why="the reason is not listed")
    find(page, "dialog .things button").click()
    until(lambda: state_of(desk, "k1") == "new", why="it does not come back")


def test_a_fault_of_the_system_offers_no_shelf(desk: Desk, page: WebDriver) -> None:
    desk.raise_fault("covered")
    until(lambda: rows(page) == ["Camera covered"], why="the fault did not arrive")
    until(lambda: "Acknowledge" in text(page, "alert-life"), why="it cannot be acknowledged")
    assert "Shelve" not in text(page, "alert-life")


def test_a_flood_is_one_row_and_hides_nobody(desk: Desk, page: WebDriver) -> None:
    for number in range(20):
        desk.raise_alert(f"f{number:02d}")
    until(lambda: "FLOOD" in text(page, "desk-bar"), why="the flood is not said")
    until(lambda: "+11 alike" in text(page, "alert-list"), why="alike alerts are not counted")
    assert len(rows(page)) == 9
    desk.raise_alert("worse", kind="after_hours", severity="high")
    desk.raise_alert("elsewhere", camera="yard")
    until(lambda: len(rows(page)) == 11, why="somebody is hidden")
    assert rows(page)[0] == "After hours"
    page.execute_script("document.querySelector('.row .alike').closest('.row').click()")
    press(page, "e")
    until(lambda: text(page, "#shown").startswith("22 "), why="E does not unfold the group")
    press(page, "4")
    until(lambda: all(state_of(desk, f"f{n:02d}") == "resolved" for n in range(9, 20)), why="the group is not resolved")
    assert state_of(desk, "elsewhere") == "new"


def test_a_protocol_is_ticked_off_before_resolving(make_desk, browser: WebDriver) -> None:
    rules = DeskRules(procedures={("dock", "dock-loitering"): Demands(steps=STEPS, all_steps=True)})
    desk = make_desk(desk=rules)
    desk.raise_alert("k1")
    open_page(browser)
    until(lambda: "cordon off the bay" in text(browser, ".steps"), why="the steps are not shown")
    press(browser, "1")
    until(lambda: "2 of 2 steps are open" in text(browser, "#failed"), why="it is resolved without its protocol")
    for box in range(2):
        browser.execute_script(f"document.querySelectorAll('.steps input')[{box}].click()")
        until(lambda n=box: text(browser, ".steps").count("operator") == n + 1, why="a tick is not kept")
    press(browser, "1")
    until(lambda: state_of(desk, "k1") == "resolved", why="it cannot be resolved")


def test_raised_by_hand(desk: Desk, page: WebDriver) -> None:
    press(page, "r")
    page.switch_to.active_element.send_keys("man on the roof", Keys.ENTER)
    until(lambda: rows(page) == ["Raised by hand"], why="it is not raised")
    assert "man on the roof" in text(page, "alert-detail .reason")


def test_a_link_into_the_sites_video_system(make_desk, browser: WebDriver) -> None:
    desk = make_desk(video_url="https://vms.example/play?cam={camera}&t={epoch_s}")
    desk.raise_alert("k1", utc=1_780_000_130.0)
    open_page(browser)
    until(lambda: "video system" in text(browser, ".links"), why="no link")
    link = find(browser, ".links a[target]").get_property("href")
    assert link == "https://vms.example/play?cam=dock&t=1780000000"


def test_ten_thousand_in_the_history_scroll_with_few_rows_in_the_page(desk: Desk, browser: WebDriver) -> None:
    now = desk.clock.utc()
    store = desk.store
    store.ingest([desk.message(f"h{number:05d}", utc=now - 100_000 + number) for number in range(10_000)])
    with store.changing() as connection:
        connection.exec_driver_sql(
            "UPDATE alerts SET state='resolved', due_utc=NULL, disposition='nuisance', resolved_by='x', resolved_utc=1"
        )
    open_page(browser)
    assert rows(browser) == []
    press(browser, "h")
    shown = "return Number(document.querySelector('#shown').textContent.split(' ')[0] || 0)"
    for _ in range(40):
        browser.execute_script("const l = document.querySelector('alert-list'); l.scrollTop = l.scrollHeight")
        time.sleep(0.2)
        if browser.execute_script(shown) == 10_000:
            break
    until(lambda: browser.execute_script(shown) == 10_000, why="not all of the history can be reached")
    assert len(rows(browser)) < 60
    find(browser, "filter-bar input").send_keys("h00007")
    until(lambda: "Nothing matches" in text(browser, "alert-list"), why="a search for nothing finds something")


def test_a_camera_that_ended_shows_its_last_picture_to_a_page_opened_later(make_desk, browser: WebDriver) -> None:
    make_desk(control=Cameras(dock="ended", yard="timed_out"))
    open_page(browser)
    width = "return document.querySelector('.camera img')?.naturalWidth"
    until(lambda: browser.execute_script(width) == 160, why="the tile is black")
    assert text(browser, ".camera.blind b").strip() == "yard"


def test_five_hundred_in_a_burst_do_not_stall(desk: Desk, page: WebDriver) -> None:
    desk.store.ingest([desk.message(f"b{n}", camera="dock" if n % 2 else "yard") for n in range(500)])
    until(lambda: text(page, "#load").startswith("500 new"), within_s=20, why="not all arrived")
    press(page, "j", "j", "k")
    assert find(page, "alert-list [aria-selected=true]") is not None


@pytest.mark.parametrize("width", [390, 1366, 1920, 3840])
def test_nothing_is_cut_off_sideways_and_no_filter_is_truncated(desk: Desk, browser: WebDriver, width: int) -> None:
    desk.raise_alert("k1")
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 850, "deviceScaleFactor": 1, "mobile": False}
    )
    open_page(browser)
    until(lambda: rows(browser) == ["Loitering"], why="no row")
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    narrow = """
    const pen = document.createElement('canvas').getContext('2d');
    return [...document.querySelectorAll('filter-bar select')].filter((select) => {
      pen.font = getComputedStyle(select).font;
      return pen.measureText(select.options[0].textContent).width + 26 > select.clientWidth;
    }).map((select) => select.options[0].textContent);
    """
    assert browser.execute_script(narrow) == []


class Told:
    """What other systems tell, kept in memory."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []

    def take(self, told: Any, *, actor: str) -> dict[str, Any]:
        now = SystemClock().utc()
        entry = {
            "input_id": f"i{len(self.taken)}", "number": len(self.taken), "kind": told.kind, "effect": "disarm",
            "state": "active", "calendar": told.calendar, "camera_id": told.camera_id, "zone_id": told.zone_id,
            "from_utc": now, "until_utc": now + told.for_s, "who": told.who, "note": told.note, "actor": actor,
            "utc": now,
        }  # fmt: skip
        self.taken.append(entry)
        return entry

    def end(self, input_id: str, *, actor: str) -> dict[str, Any]:
        return self.taken.pop()

    def current(self) -> list[dict[str, Any]]:
        return list(self.taken)


def test_an_override_has_an_end_and_can_be_ended(make_desk, browser: WebDriver) -> None:
    told = Told()
    make_desk(outside=Outside(inputs=told))
    open_page(browser)
    press(browser, "t")
    for name, words in (("who", "R. Peeters"), ("note", "stock count")):
        find(browser, f"dialog [name={name}]").send_keys(words)
    find(browser, "dialog [name=note]").send_keys(Keys.ENTER)
    until(lambda: "1 override" in text(browser, "desk-bar"), why="the override is not shown")
    assert (told.taken[0]["kind"], told.taken[0]["until_utc"] - told.taken[0]["from_utc"]) == ("late_working", 3600.0)
    find(browser, "desk-bar button").click()
    until(lambda: "stock count" in text(browser, "dialog .things"), why="it is not listed")
    find(browser, "dialog .things button").click()
    until(lambda: told.taken == [], why="it is not ended")


def test_a_viewer_sees_and_decides_nothing(make_desk, browser: WebDriver) -> None:
    desk = make_desk()
    desk.raise_alert("k1")
    open_page(browser)
    added = browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {"source": "const f = window.fetch; window.fetch = (u, o) => String(u).endsWith('/session') ? Promise.resolve("
                   "new Response(JSON.stringify({kind: 'session', name: 'vera', permissions: ['view']}))) : f(u, o)"},
    )  # fmt: skip
    open_page(browser)
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)
    until(lambda: "You may look" in text(browser, "alert-life"), why="a viewer is offered decisions")
    assert not find(browser, "#raise").is_displayed()
    press(browser, "a", "1")
    time.sleep(0.5)
    assert state_of(desk, "k1") == "new"
