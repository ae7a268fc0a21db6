"""A clip plays in a browser: Chromium loads it, and shows a picture from its middle."""

import base64
import subprocess

import pytest

from pipeline.clock import FakeClock
from pipeline.video.source import open_source

PAGE = """<!doctype html><video id="v" muted preload="auto" src="data:video/mp4;base64,{data}"></video>
<script>
const v = document.getElementById("v");
const say = text => document.body.setAttribute("data-result", text);
v.onerror = () => say("error " + v.error.message);
v.oncanplaythrough = () => {{ v.oncanplaythrough = null; v.currentTime = v.duration / 2; }};
v.onseeked = () => say(`played ${{v.videoWidth}}x${{v.videoHeight}} ${{v.duration.toFixed(1)}}`);
</script>"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "b_frames", "masks"),
    [("plain", 0, ()), ("with B-frames", 2, ()), ("masked", 2, ([[0, 0], [0.4, 0], [0.4, 0.4]],))],
)
def test_chromium_plays_it(make_clip, tmp_path, tool, word, b_frames, masks):
    clip = make_clip(frames=60, b_frames=b_frames)
    with open_source("dock", str(clip), clock=FakeClock(), masks=masks) as source:
        assert sum(1 for _ in source.frames()) == 60
    cut = source.ring.cut(2.0, 5.0, tmp_path / "clip.mp4")
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(data=base64.b64encode(cut.path.read_bytes()).decode()))
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=20000",
        f"--user-data-dir={tmp_path}/p",
    ]
    done = subprocess.run(
        [tool("chromium"), *flags, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    assert f'data-result="played 96x64 {cut.duration_s:.1f}"' in done.stdout, word
