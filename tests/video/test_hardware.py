"""Hardware decoding is tried before it is used, and its absence is said."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.clock import FakeClock
from pipeline.site import parse_site
from pipeline.video import hardware
from pipeline.video.hardware import Hardware, choose
from pipeline.video.source import open_source


def test_off_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "hwdevices_available", lambda: 1 / 0)
    assert choose("off") == Hardware(None)


def test_what_this_build_does_not_have_is_said() -> None:
    chosen = choose("bogus")
    assert chosen.kind is None
    assert "bogus: not in this build" in chosen.note


def test_a_device_that_does_not_work_here_is_said_and_software_decodes(
    monkeypatch: pytest.MonkeyPatch, make_clip: Any
) -> None:
    monkeypatch.setattr(hardware, "_refusal", lambda kind: "Operation not permitted")
    chosen = choose("cuda")
    assert chosen.kind is None
    assert "software decodes" in chosen.note
    with open_source("dock", str(make_clip(frames=20)), clock=FakeClock(), hardware=chosen) as source:
        assert len(list(source.frames())) == 20


def test_auto_takes_the_first_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "hwdevices_available", lambda: ["cuda", "qsv", "drm"])
    monkeypatch.setattr(hardware, "_refusal", lambda kind: None if kind == "qsv" else "no")
    assert choose("auto").kind == "qsv"
    assert choose("drm").kind is None


def test_every_device_is_really_tried() -> None:
    """Whatever this machine has: a device that is chosen gives the same pictures as software."""
    chosen = choose("auto")
    assert (chosen.kind is None) == ("software decodes" in chosen.note)


def test_the_probe_is_a_clip_that_decodes() -> None:
    assert len(hardware._clip()) > 500


@pytest.mark.parametrize(("text", "fine"), [("off", True), ("cuda", True), ("Cu da", False), ("", False)])
def test_the_sites_word(text: str, fine: bool) -> None:
    site = f"site: {{name: A, timezone: UTC}}\ncameras: {{dock: {{source: a.mp4, hardware: '{text}'}}}}\n"
    if fine:
        assert parse_site(site, "s").cameras["dock"].hardware == text
    else:
        with pytest.raises(Exception, match="hardware"):
            parse_site(site, "s")
