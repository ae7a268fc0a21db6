"""The files that `analyze` writes: `tracks.txt`, `events.jsonl` and `summary.json`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Self

from pipeline.types import Event, Frame, Tracks


class FileOutput:
    """The `Output` of `analyze`. `row_text(tracks, frame_number, width, height)` and `event_text(event)` give lines."""

    def __init__(
        self,
        folder: Path,
        *,
        row_text: Callable[[Tracks, int, int, int], str],
        event_text: Callable[[Event], str],
    ) -> None:
        self.folder = folder
        self._row_text = row_text
        self._event_text = event_text
        (folder / "summary.json").unlink(missing_ok=True)  # an earlier one must not describe what is written now
        self._tracks: IO[str] = (folder / "tracks.txt").open("w", encoding="ascii", newline="\n")
        self._events: IO[str] = (folder / "events.jsonl").open("w", encoding="utf-8", newline="\n")
        self._digest = hashlib.sha256()
        self.rows = 0
        self.ids: set[int] = set()
        self.kinds: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tracks.close()
        self._events.close()

    def analysed(self, frame: Frame, tracks: Tracks, events: Sequence[Event]) -> None:
        text = self._row_text(tracks, frame.seq + 1, frame.width, frame.height)
        self._tracks.write(text)
        self._digest.update(text.encode("ascii"))
        self.rows += len(tracks)
        self.ids.update(tracks.track_id.tolist())
        self._write(events)

    def closed(self, events: Sequence[Event]) -> None:
        self._write(events)

    def summary(self, **more: Any) -> dict[str, Any]:
        """Write `summary.json`, once the files are closed; `tracks_sha256` ties it to the tracks it describes."""
        value = {
            **more,
            "tracks": len(self.ids),
            "rows": self.rows,
            "events": dict(sorted(self.kinds.items())),
            "tracks_sha256": self._digest.hexdigest(),
        }
        (self.folder / "summary.json").write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
        return value

    def _write(self, events: Sequence[Event]) -> None:
        for event in events:
            self._events.write(self._event_text(event) + "\n")
            if event.state == "start":
                self.kinds[event.kind] += 1
