"""Signing in as a person does: the first link, the page behind it, the second factor, signing out, being signed out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from pipeline.access import accounts, links, sessions, totp
from pipeline.access.access import Access
from pipeline.access.oidc.config import OidcConfig
from pipeline.access.oidc.flow import Flow
from pipeline.access.oidc.provider import Provider
from pipeline.access.passwords import Hasher
from pipeline.api.app import build_app
from pipeline.api.server import make_server
from tests.access.provider import TestProvider
from tests.browser.desk import PORT, Desk, axe_script, find, rows, text, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "quiet-harbour-lamp-7"
HERE = f"http://127.0.0.1:{PORT}"


class Guarded(Desk):
    """A desk that knows accounts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.access = Access(folder, clock=self.clock, hasher=Hasher(memory_kib=64, passes=1))

    def serve(self) -> None:
        self.server = make_server(build_app(self.store, settings=self.settings, access=self.access), port=PORT)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        until(lambda: self.server is not None and self.server.started, why="the API did not start")

    def add(self, name: str, role: Any, cameras: list[str] | None = None) -> None:
        hashed = self.access.hasher.hash(PASSWORD)
        accounts.add(self.access.book, name=name, role=role, cameras=cameras, password_hash=hashed, actor="test")
        self.access.forget()


@pytest.fixture
def guarded(tmp_path: Path, browser: WebDriver) -> Iterator[Guarded]:
    desk = Guarded(tmp_path)
    desk.serve()
    browser.get(f"{HERE}/icon.svg")
    browser.delete_all_cookies()
    browser.get_log("browser")
    yield desk
    browser.delete_all_cookies()
    desk.stop()
    desk.access.close()
    desk.store.close()


def sign_in(browser: WebDriver, name: str, password: str = PASSWORD) -> None:
    browser.get(f"{HERE}/login.html")
    until(lambda: find(browser, "#name") == browser.switch_to.active_element, why="the name has no focus")
    find(browser, "#name").send_keys(name)
    find(browser, "#password").send_keys(password)
    find(browser, "#go").click()


def at(browser: WebDriver, path: str) -> bool:
    return browser.current_url == HERE + path


def test_open_is_said_then_the_first_link_makes_the_administrator(guarded: Guarded, browser: WebDriver) -> None:
    browser.get(f"{HERE}/")
    until(lambda: text(browser, "#who") == "Open on this machine", why="that it is open is not said")
    token = links.make(guarded.access.book, account=None, actor="console")
    browser.get(f"{HERE}/login.html#link={token}")
    until(lambda: text(browser, "#title") == "Make the first administrator", why="the link does nothing")
    assert token not in browser.current_url
    for field, value in (("#name", "anna"), ("#password", PASSWORD), ("#again", "something else")):
        find(browser, field).send_keys(value)
    find(browser, "#go").click()
    until(lambda: "differ" in text(browser, "#problem"), why="two passwords that differ are taken")
    find(browser, "#again").clear()
    find(browser, "#again").send_keys(PASSWORD)
    find(browser, "#go").click()
    until(lambda: at(browser, "/") and text(browser, "#who").startswith("anna"), why="not signed in")
    assert [cookie["name"] for cookie in browser.get_cookies() if cookie["httpOnly"]] == ["nightjar"]
    assert accounts.find(guarded.access.book, "anna").role == "admin"


def test_wrong_then_right_then_out(guarded: Guarded, browser: WebDriver) -> None:
    guarded.add("anna", "admin")
    guarded.add("bert", "operator", ["dock"])
    guarded.raise_alert("k1", camera="dock")
    guarded.raise_alert("k2", camera="yard")
    browser.get(f"{HERE}/index.html")
    until(lambda: "/login.html?next=/index.html" in browser.current_url, why="the page is open to anybody")
    sign_in(browser, "bert", "wrong")
    until(lambda: text(browser, "#problem") == "name, password or code is wrong", why="nothing is said")
    find(browser, "#password").send_keys(PASSWORD)
    find(browser, "#go").click()
    until(lambda: at(browser, "/") and len(rows(browser)) == 1, why="not his camera's alert alone")
    find(browser, "#who button").click()
    until(lambda: "/login.html" in browser.current_url, why="not signed out")
    assert sessions.listed(guarded.access.book, "bert") == []
    browser.get(f"{HERE}/")
    until(lambda: at(browser, "/login.html"), why="still signed in")


def test_a_page_whose_session_was_ended_asks_to_sign_in(guarded: Guarded, browser: WebDriver) -> None:
    guarded.add("anna", "admin")
    guarded.add("bert", "operator")
    sign_in(browser, "bert")
    until(lambda: at(browser, "/") and text(browser, "#who").startswith("bert"), why="not signed in")
    sessions.end_all(guarded.access.book, "bert", actor="anna")
    until(lambda: "/login.html" in browser.current_url, within_s=10, why="the page goes on")


def test_own_account_with_a_second_factor(guarded: Guarded, browser: WebDriver) -> None:
    guarded.add("anna", "admin")
    sign_in(browser, "anna")
    until(lambda: at(browser, "/"), why="not signed in")
    browser.get(f"{HERE}/account.html")
    until(lambda: find(browser, "#own").is_displayed(), why="one's own account is not shown")
    find(browser, "#factor-password").send_keys(PASSWORD)
    find(browser, "#factor-on").click()
    until(lambda: find(browser, "#factor-secret").is_displayed(), why="no secret")
    secret = text(browser, "#secret").replace(" ", "")
    find(browser, "#code").send_keys(totp.code_at(secret, int(guarded.clock.utc() // totp.STEP_S)))
    find(browser, "#code-form button").click()
    until(lambda: "takes a code" in text(browser, "#done"), why="not switched on")
    find(browser, "#add-name").send_keys("bert")
    find(browser, "#add-cameras").send_keys("dock, yard")
    find(browser, "#add-form button").click()
    until(lambda: "#link=" in text(browser, "#invited-link"), why="no link for the new account")
    assert accounts.find(guarded.access.book, "bert").cameras == ("dock", "yard")
    browser.delete_all_cookies()
    sign_in(browser, "anna")
    until(lambda: find(browser, "#code").is_displayed(), why="no code is asked for")
    step = int(guarded.clock.utc() // totp.STEP_S)
    find(browser, "#code").send_keys(totp.code_at(secret, step + 1))
    find(browser, "#go").click()
    until(lambda: at(browser, "/"), why="the code does not let in")


@pytest.mark.parametrize("path", ["/login.html", "/account.html"])
def test_accessible_and_without_a_fault_in_the_log(guarded: Guarded, browser: WebDriver, tool: Any, path: str) -> None:
    guarded.add("anna", "admin")
    if path != "/login.html":
        sign_in(browser, "anna")
        until(lambda: at(browser, "/"), why="not signed in")
    browser.get_log("browser")
    browser.get(HERE + path)
    until(lambda: find(browser, "main h1").is_displayed(), why="no page")
    browser.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    browser.get(HERE + path)
    until(lambda: find(browser, "main h1").is_displayed(), why="no page")
    browser.execute_script(axe_script(tool("npm")))
    found = browser.execute_async_script("axe.run().then(arguments[0])")
    browser.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found["violations"]] == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_signing_in_at_a_provider(guarded: Guarded, browser: WebDriver) -> None:
    """Cookies of ours are strict: the way back from another site must end signed in all the same."""
    guarded.add("anna", "admin")
    provider = TestProvider(utc=guarded.clock.utc)
    config = OidcConfig(
        issuer=provider.url, client_id="nightjar", public_url=HERE, name="Depot login",
        grants=[{"value": "operators", "role": "operator"}],
    )  # fmt: skip
    assert guarded.server is not None
    app: Any = guarded.server.config.app
    app.state.oidc = flow = Flow(Provider(config, clock=guarded.clock), clock=guarded.clock)
    try:
        browser.get(f"{HERE}/login.html?next=/wall.html")
        until(lambda: text(browser, "#elsewhere-link") == "Sign in with Depot login", why="no button", within_s=60)
        find(browser, "#elsewhere-link").click()
        until(lambda: at(browser, "/wall.html"), why="not led to the page", within_s=60)
        until(lambda: "olga" in text(browser, "#who"), why="not signed in", within_s=60)
        provider.claims = {"groups": []}
        browser.delete_all_cookies()
        browser.get(f"{HERE}/login.html")
        until(lambda: text(browser, "#elsewhere-link"), why="no button", within_s=60)
        find(browser, "#elsewhere-link").click()
        until(lambda: "no role here" in text(browser, "#problem"), why="nothing is said", within_s=60)
    finally:
        flow.provider.close()
        provider.stop()
