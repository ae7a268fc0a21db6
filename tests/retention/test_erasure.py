"""What is erased is gone everywhere, and whoever wanted it is on record (goal P5)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipeline.alerts.message import Envelope, evidence_message
from pipeline.alerts.outbox import Outbox
from pipeline.cli import main
from pipeline.errors import BadInput
from pipeline.retention.request import Erasure
from pipeline.store.schema import audit
from pipeline.track.log import TrackLog

DAY = 86_400.0


def wanted(since: float, until: float, **more: Any) -> Erasure:
    return Erasure(**({"since_utc": since, "until_utc": until, "actor": "dpo", "reason": "asked by somebody"} | more))


@pytest.fixture
def full(place: Any, frame: Callable[..., Any]) -> Any:
    """Two cameras; each alert at a minute of its own, named after its fate; messages still on their way."""
    for camera in ("dock", "gate"):
        for fate in ("nuisance", "real", None):
            place.clock.advance(600)
            place.alert(f"{camera}-{fate}", camera=camera, resolved=fate)
        with TrackLog(place.data.tracks(), camera) as log:
            for step in range(100):
                log.append(frame(place.began + step * 60, camera))
        state = {"utc": place.clock.utc(), "people": "here"}
        place.data.checkpoint(camera).write_text(json.dumps(state))
        place.data.route_model(camera).write_bytes(b"ways")
        place.data.route_model(camera).with_suffix(".held").write_bytes(b"ways held back")
        place.data.view(camera).write_bytes(b"edges")
        outbox = Outbox(place.data.outbox(camera), camera_id=camera, epoch=1, clock=place.clock)
        outbox.put(place.message(f"{camera}-late", camera=camera))
        item = place.file(f"{camera}-late")
        outbox.put(evidence_message(alert_id=f"{camera}-late", camera_id=camera, evidence=item, raised_utc=1.0))
        outbox.close()
    return place


def bytes_of(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())


def test_everything_of_a_camera_goes_and_the_other_is_not_touched(full: Any) -> None:
    done = full.keeper().erase(wanted(0.0, 2e9, cameras=("dock",), held_too=True))
    assert done.value() | {"copies": []} == {
        "cameras": ["dock"], "alerts": 3, "evidence_files": 4, "track_frames": 100, "checkpoints": 1, "routes": 2,
        "views": 1, "outbox_messages": 2, "feed_rows": 8, "dead_letters": 0, "held": [], "copies": [], "faults": [],
    }  # fmt: skip
    assert full.paused == ["dock"]
    left = [alert["alert_id"] for alert in full.store.alerts().items]
    assert sorted(left) == ["gate-None", "gate-nuisance", "gate-real"]
    assert len(list(TrackLog(full.data.tracks(), "gate").read(0, 2e9))) == 100
    assert list(TrackLog(full.data.tracks(), "dock").read(0, 2e9)) == []
    content = bytes_of(full.data.root)
    for name in ("dock-nuisance", "dock-real", "dock-None", "dock-late"):
        assert name.encode() not in content.replace(b"alert/" + name.encode(), b"")
    assert b"gate-late" in content


def test_what_is_held_stays_unless_it_is_wanted_too(full: Any) -> None:
    done = full.keeper().erase(wanted(0.0, 2e9))
    assert sorted(done.held) == ["dock-None", "dock-real", "gate-None", "gate-real"]
    assert done.alerts == 2
    assert full.store.alert("dock-real")["evidence"]


def test_only_the_time_goes(full: Any) -> None:
    since, until = full.began + 600.0, full.began + 1200.0
    done = full.keeper().erase(wanted(since, until, cameras=("dock",)))
    assert done.track_frames == 10
    left = [t.utc - full.began for t in TrackLog(full.data.tracks(), "dock").read(0, 2e9)]
    assert left == [step * 60.0 for step in range(100) if not 600 <= step * 60 < 1200]
    assert done.alerts == 1
    assert done.outbox_messages == 0
    assert full.store.alert("dock-nuisance") is None


def test_a_late_copy_of_what_was_on_its_way_is_not_shown(full: Any) -> None:
    message = full.message("dock-late", camera="dock")
    full.keeper().erase(wanted(0.0, 2e9, cameras=("dock",), held_too=True))
    receipt = full.store.ingest([Envelope(message.message_id, message.text())])
    assert message.message_id in receipt.committed
    assert full.store.alert("dock-late") is None


def test_it_is_on_record(full: Any) -> None:
    full.keeper().erase(wanted(0.0, 2e9, cameras=("dock",)))
    with full.store.changing() as connection:
        row = connection.execute(sa.select(audit).where(audit.c.action == "erase")).one()
    assert row.actor == "dpo"
    detail = json.loads(row.detail)
    assert detail["reason"] == "asked by somebody"
    assert detail["track_frames"] == 100
    assert detail["held"] == 2


@pytest.mark.parametrize(
    ("word", "given", "said"),
    [
        ("an unknown camera", {"cameras": ("roof",)}, "roof"),
        ("an empty time", {"until_utc": 0.0}, "before"),
    ],
)
def test_nonsense_is_refused(full: Any, word: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        full.keeper().erase(wanted(0.0, 2e9, **given) if "cameras" in given else wanted(0.0, 0.0))


def test_one_file_that_refuses_is_named_and_the_rest_goes(full: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(TrackLog, "erase", refuse)
    done = full.keeper().erase(wanted(0.0, 2e9, cameras=("dock",)))
    assert "dock: track_frames" in done.faults[0]
    assert done.checkpoints == 1
    assert full.store.alert("dock-nuisance") is None


def test_by_command(full: Any, capsys: pytest.CaptureFixture[str]) -> None:
    full.store.close()
    common = ["--data", str(full.data.root), "--reason", "asked", "--json", "--since", "2020-01-01T00:00Z"]
    assert main(["erase", "--camera", "dock", "--until", "2033-01-01T00:00Z", *common]) == 0
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (done["alerts"], done["track_frames"], len(done["held"])) == (1, 100, 2)
    assert main(["erase", "--camera", "roof", "--until", "2033-01-01T00:00Z", *common]) == 2
    assert main(["erase", "--camera", "dock", "--until", "2033-01-01T00:00", *common]) == 2
    assert main(["erase", "--camera", "dock", "--until", "2019-01-01T00:00Z", *common]) == 2
    full.store = type(full.store)(full.data.store, clock=full.clock)
