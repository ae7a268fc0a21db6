"""An operator's page: reads the feed, resumes after the last number it has on disk, may be killed at any moment.

`feed_process.py FOLDER PORT`: appends `number change alert_id` to feed.seen.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import httpx


def main() -> int:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    seen = folder / "feed.seen"
    out = os.open(seen, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        lines = seen.read_text().splitlines()
        after = int(lines[-1].split()[0]) if lines else 0
        try:
            with httpx.stream("GET", f"http://127.0.0.1:{port}/api/v1/feed?after={after}", timeout=15) as answer:
                follow(answer, out)
        except httpx.HTTPError:
            time.sleep(0.05)


def follow(answer: httpx.Response, out: int) -> None:
    number = ""
    name = ""
    for line in answer.iter_lines():
        key, _, value = line.partition(": ")
        if key == "id":
            number = value
        elif key == "event":
            name = value
        elif key == "data" and name == "alert":
            alert = json.loads(value)
            os.write(out, f"{number} {alert['change']} {alert['alert_id']}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
