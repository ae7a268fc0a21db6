"""A clip plays in a browser: Chromium loads it over HTTP, and shows a picture from its middle."""

import queue
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.clock import FakeClock
from pipeline.video.source import open_source

PAGE = b"""<!doctype html><video id="v" muted preload="auto" src="clip.mp4"></video>
<script>
const v = document.getElementById("v");
const say = text => fetch("said?text=" + encodeURIComponent(text));
v.onerror = () => say("error " + v.error.message);
v.oncanplaythrough = () => { v.oncanplaythrough = null; v.currentTime = v.duration / 2; };
v.onseeked = () => say(`played ${v.videoWidth}x${v.videoHeight} ${v.duration.toFixed(1)}`);
</script>"""


@pytest.fixture
def site():
    """`site(clip bytes)` serves the page; gives its address and a queue of what the page says."""
    servers = []

    def serve(clip):
        said = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked = urlsplit(self.path)
                if asked.path == "/said":
                    said.put(parse_qs(asked.query)["text"][0])
                data, kind = (clip, "video/mp4") if asked.path == "/clip.mp4" else (PAGE, "text/html")
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/", said

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "b_frames", "masks"),
    [("plain", 0, ()), ("with B-frames", 2, ()), ("masked", 2, ([[0, 0], [0.4, 0], [0.4, 0.4]],))],
)
def test_chromium_plays_it(make_clip, tmp_path, tool, site, word, b_frames, masks):
    with open_source("dock", str(make_clip(frames=60, b_frames=b_frames)), clock=FakeClock(), masks=masks) as source:
        assert sum(1 for _ in source.frames()) == 60
    cut = source.ring.cut(2.0, 5.0, tmp_path / "clip.mp4")
    address, said = site(cut.path.read_bytes())
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [tool("chromium"), *flags, "--remote-debugging-port=0", address]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        try:
            assert said.get(timeout=60) == f"played 96x64 {cut.duration_s:.1f}", word
        finally:
            browser.terminate()
