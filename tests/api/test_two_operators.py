"""Two operators before two pages (goal D11): each sees every alert once, and what one does the other sees."""

from __future__ import annotations

import json
import threading

import httpx


class Page:
    """An open feed in a thread of its own."""

    def __init__(self, api):
        self.changes = []
        self._thread = threading.Thread(target=self._read, args=(api.url,), daemon=True)
        self._thread.start()

    def _read(self, url):
        with httpx.stream("GET", f"{url}/api/v1/feed?after=0", timeout=30) as answer:
            name = ""
            for line in answer.iter_lines():
                key, _, value = line.partition(": ")
                if key == "event":
                    name = value
                elif key == "data" and name == "alert":
                    alert = json.loads(value)
                    self.changes.append((alert["change"], alert["alert_id"], alert["acknowledged_by"]))
                elif key == "data" and name == "resume":
                    return

    def ids(self, change):
        return [alert_id for what, alert_id, _ in self.changes if what == change]


def test_each_sees_every_alert_once_and_what_the_other_does(api, message, wait):
    one, two = Page(api), Page(api)
    wait(lambda: api.clients == 2)
    keys = [f"k{n:03d}" for n in range(100)]
    for key in keys:
        api.store.ingest([message(key)])
    wait(lambda: len(one.ids("new")) == len(two.ids("new")) == 100)
    assert one.ids("new") == two.ids("new") == keys
    api.client.post("/api/v1/alerts/k007/acknowledge", json={})
    wait(lambda: one.ids("acknowledged") == two.ids("acknowledged") == ["k007"])


def test_of_many_who_acknowledge_at_once_one_wins_and_all_see_who(api, message, wait):
    """Under names of their own, through the store that all requests share."""
    from pipeline.store.life import Conflict

    page = Page(api)
    api.store.ingest([message("a")])
    won, lost = [], []
    gate = threading.Barrier(8)

    def claim(name):
        gate.wait()
        try:
            api.store.acknowledge("a", actor=name)
        except Conflict:
            lost.append(name)
        else:
            won.append(name)

    threads = [threading.Thread(target=claim, args=(f"guard-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (len(won), len(lost)) == (1, 7)
    wait(lambda: ("acknowledged", "a", won[0]) in page.changes)
    assert len(page.ids("acknowledged")) == 1
