"""`nightjar report`: a shift as PDF and as figures, from a store that may be in use."""

from __future__ import annotations

import json

import pytest

from pipeline.cli import main
from pipeline.folders import DataFolder
from pipeline.store.store import Store

SITE = "site: {name: Depot North, timezone: Europe/Brussels}\ncameras: {}\n"


@pytest.fixture
def data(tmp_path):
    folder = DataFolder(tmp_path / "data").create()
    store = Store(folder.store)
    store.raise_by_hand(camera_id="dock", zone_id=None, severity="high", note="man on the roof", actor="anna")
    yield folder
    store.close()


def test_pdf_and_figures_beside_a_running_store(data, tmp_path, capsys):
    (tmp_path / "site.yaml").write_text(SITE)
    out = tmp_path / "day.pdf"
    assert main(["report", str(tmp_path / "site.yaml"), "--data", str(data.root), "--out", str(out), "--json"]) == 0
    assert out.read_bytes().startswith(b"%PDF-1.4")
    assert b"Depot North: shift report" in out.read_bytes()
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (figures["alerts"], figures["by_severity"]["high"]) == (1, 1)


@pytest.mark.parametrize(
    ("word", "more", "said"),
    [
        ("nothing to write", [], "--out FILE.pdf"),
        ("no hours", ["--hours", "0", "--json"], "more than 0"),
        ("too long", ["--hours", "800", "--json"], "at most"),
        ("no zone", ["--until", "2026-11-22T06:00", "--json"], "--until"),
        ("no folder", ["--out", "nowhere/at/all.pdf"], "--out"),
    ],
)
def test_bad_input_is_named(data, capsys, word, more, said):
    assert main(["report", "--data", str(data.root), *more]) == 2
    assert said in capsys.readouterr().err
