"""What a camera's process and its supervisor say to each other."""

from __future__ import annotations

import pytest

from pipeline.engine.protocol import Job, parse_up, picture_line, status_line
from pipeline.errors import BadInput
from pipeline.types import CameraStatus

JOB = Job(
    camera_id="dock", site_text="site: {}\n", site_path="site.yaml", data="data", ingest_url="http://127.0.0.1:1",
    token="t", epoch=7, pace=True,
)  # fmt: skip


def test_job_survives_the_line() -> None:
    assert "\n" not in JOB.line()
    assert Job.parse(JOB.line()) == JOB


def test_a_job_of_another_version_is_refused() -> None:
    with pytest.raises(BadInput, match="version 1"):
        Job.parse('{"v": 2, "job": {}}')


def test_status_and_numbers() -> None:
    status = CameraStatus(camera_id="dock", state="running", fps_in=25.0, frame_age_s=0.1)
    said = parse_up(status_line(status, outbox_depth=3.0))
    assert said == {"status": status, "more": {"outbox_depth": 3.0}}


@pytest.mark.parametrize("jpeg", [b"\xff\xd8\x00", None], ids=["some", "none"])
def test_picture(jpeg: bytes | None) -> None:
    assert parse_up(picture_line(jpeg)) == {"picture": jpeg}


@pytest.mark.parametrize("line", ["", "hello", "[]", '{"v":1}', '{"v":2,"status":{}}'])
def test_other_lines_are_refused(line: str) -> None:
    with pytest.raises(ValueError):
        parse_up(line)
