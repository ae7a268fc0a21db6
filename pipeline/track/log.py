"""The track log: what the rules saw of one camera, day by day, bit for bit, for replay, learned routes and dry runs.

Goal: nothing that was appended is lost when the process dies, a torn tail costs at most the frame being written, and
a day reads back exactly. Non-goals: surviving a power cut to the last second (the system writes out in its own time),
random access within a day.

A segment holds one UTC day, or part of one, in the order of arrival; its name is `NUMBER-DATE.tracks`. A record is its
length, the CRC-32 of its payload, and the payload: little-endian, first the frame, then one array after the other.
When the next segment begins, the finished one is packed to `.tracks.z` in the background.
"""

from __future__ import annotations

import functools
import math
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import quote

import numpy as np

from pipeline.types import Tracks

RAW, PACKED = ".tracks", ".tracks.z"
_HEAD = struct.Struct("<II")  # payload bytes, CRC-32
_FRAME = struct.Struct("<dddqI")  # utc, pts, aspect, run_id, n
_UTC = struct.Struct("<d")
_ROW_BYTES = 8 + 16 + 4 + 4 + 1
_CHUNK = 1 << 20
_DAY_S = 86_400.0


class TrackLog:
    """Appends the tracks of one camera and reads them back, in `folder`/camera. One writer, any number of readers."""

    def __init__(self, folder: Path, camera_id: str) -> None:
        self._camera_id = camera_id
        self._folder = folder / quote(camera_id, safe="")
        self._file: BinaryIO | None = None
        self._day: date | None = None
        self._packer: threading.Thread | None = None

    @property
    def folder(self) -> Path:
        """Where this camera's segments lie."""
        return self._folder

    def append(self, tracks: Tracks) -> None:
        """Write one analysed frame, also an empty one; it outlives this process from here on.

        Raises:
            OSError: the disk does not take it.
        """
        day = _day(tracks.utc)
        if self._file is None or day != self._day:
            self._turn(day)
        assert self._file is not None
        payload = _pack(tracks)
        self._file.write(_HEAD.pack(len(payload), zlib.crc32(payload)) + payload)

    def read(self, since_utc: float, until_utc: float) -> Iterator[Tracks]:
        """Every frame with since_utc <= utc < until_utc, in the order in which frames were appended."""
        for payload in self._payloads(since_utc, until_utc):
            yield _unpack(payload, self._camera_id)

    def skim(self, since_utc: float, until_utc: float, *, every_s: float, empty_every_s: float) -> Iterator[Tracks]:
        """As `read`, but fewer: of frames with somebody one each `every_s`, of those without the first two of a row and
        then one each `empty_every_s`. A look back over days costs a tenth."""
        told_utc, empty = -math.inf, 0
        for payload in self._payloads(since_utc, until_utc):
            utc, _, _, _, n = _FRAME.unpack_from(payload)
            empty = 0 if n else empty + 1
            wait_s = empty_every_s if empty > 2 else every_s
            if not 0.0 <= utc - told_utc < wait_s - 1e-6:
                told_utc = utc
                yield _unpack(payload, self._camera_id)

    def ends_utc(self) -> float | None:
        """The end of the newest day that is in the log; None where it holds nothing."""
        segments = self._segments()
        return _segment_start(segments[-1]) + _DAY_S if segments else None

    def _payloads(self, since_utc: float, until_utc: float) -> Iterator[bytes]:
        for path in self._segments():
            start = _segment_start(path)
            if start + _DAY_S > since_utc and start < until_utc:
                for payload in _records(_content(path)):
                    (utc,) = _UTC.unpack_from(payload)
                    if since_utc <= utc < until_utc:
                        yield payload

    def prune(self, before_utc: float, *, untouched_since: float | None = None) -> int:
        """Remove days that ended before `before_utc`; returns how many segments went. With `untouched_since` only
        files not written since then: from another process, where the days may be those of an old recording."""
        being_written = None if self._file is None else Path(self._file.name)
        old = [p for p in self._segments() if _segment_start(p) + _DAY_S <= before_utc and p != being_written]
        if untouched_since is not None:
            old = [p for p in old if _written_utc(p) < untouched_since]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def erase(self, since_utc: float, until_utc: float) -> int:
        """Remove every frame with since_utc <= utc < until_utc; how many went. Nobody may be writing meanwhile.

        Raises:
            OSError: the disk refuses; each segment is then either as before or without those frames.
        """
        self.close()
        gone = 0
        for path in self._segments():
            start = _segment_start(path)
            if start + _DAY_S > since_utc and start < until_utc:
                gone += _without(path, since_utc, until_utc)
        return gone

    def close(self) -> None:
        """Write out what the system still holds, and wait for the packing of the day before."""
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
        if self._packer is not None:
            self._packer.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _turn(self, day: date) -> None:
        """Go on in the newest segment if it is of this day and not packed, else in a new one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.close()
        segments = self._segments()
        newest = segments[-1] if segments else None
        if newest is not None and newest.name.endswith(RAW) and _segment_day(newest) == day:
            path = newest
            _cut_torn_tail(path)
        else:
            number = 1 if newest is None else int(newest.name.partition("-")[0]) + 1
            path = self._folder / f"{number:06d}-{day.isoformat()}{RAW}"
        self._file = path.open("ab", buffering=0)
        self._day = day
        finished = [p for p in segments if p != path and p.name.endswith(RAW)]
        self._packer = threading.Thread(target=_pack_segments, args=(finished,), name="track-log", daemon=True)
        self._packer.start()

    def _segments(self) -> list[Path]:
        """All segments in order of arrival; where a raw one and its packed twin both lie there, the packed one."""
        if not self._folder.is_dir():
            return []
        found = {path.name.removesuffix(".z"): path for path in sorted(self._folder.glob(f"*{RAW}"))}
        found |= {path.name.removesuffix(".z"): path for path in self._folder.glob(f"*{PACKED}")}
        return [found[name] for name in sorted(found)]


def _pack(tracks: Tracks) -> bytes:
    head = _FRAME.pack(tracks.utc, tracks.pts, tracks.aspect, tracks.run_id, len(tracks))
    arrays = (tracks.track_id, tracks.xyxy, tracks.score, tracks.class_id, tracks.observed)
    return head + b"".join(array.astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays)


def _unpack(payload: bytes, camera_id: str) -> Tracks:
    utc, pts, aspect, run_id, n = _FRAME.unpack_from(payload)
    rows = np.frombuffer(payload, _row_block(n), 1, _FRAME.size)[0]
    return Tracks(
        camera_id=camera_id, run_id=run_id, pts=pts, utc=utc, aspect=aspect,
        track_id=rows["track_id"].astype(np.int64), xyxy=rows["xyxy"].astype(np.float32),
        score=rows["score"].astype(np.float32), class_id=rows["class_id"].astype(np.int32),
        observed=rows["observed"].astype(np.bool_),
    )  # fmt: skip


@functools.lru_cache(maxsize=1024)
def _row_block(n: int) -> np.dtype[np.void]:
    """The arrays of n tracks as they lie in a record, one after the other."""
    shapes = {"track_id": ("<i8", (n,)), "xyxy": ("<f4", (n, 4)), "score": ("<f4", (n,))}
    return np.dtype([(name, *of) for name, of in shapes.items()] + [("class_id", "<i4", (n,)), ("observed", "?", (n,))])


def _records(content: Iterator[bytes]) -> Iterator[bytes]:
    """Payloads of all sound records; ends at a torn tail."""
    for payload, _ in _sound(content):
        yield payload


def _sound(content: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
    """Payloads of sound records, each with the offset at which it ends. Stops where no sound record follows."""
    buffer, at, offset = b"", 0, 0
    for chunk in content:
        buffer, at = buffer[at:] + chunk, 0
        while len(buffer) - at >= _HEAD.size:
            size, crc = _HEAD.unpack_from(buffer, at)
            end = at + _HEAD.size + size
            if size < _FRAME.size or (size - _FRAME.size) % _ROW_BYTES:
                return
            if end > len(buffer):
                break
            payload = buffer[at + _HEAD.size : end]
            if zlib.crc32(payload) != crc:
                return
            offset += end - at
            at = end
            yield payload, offset


def _content(path: Path) -> Iterator[bytes]:
    """Decompressed bytes of a segment, in chunks; nothing where it was pruned or packed away meanwhile."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        twin = path.with_name(path.name + ".z")
        if path.name.endswith(RAW) and twin.is_file():
            yield from _content(twin)
        return
    unpack = zlib.decompressobj() if path.name.endswith(PACKED) else None
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk if unpack is None else unpack.decompress(chunk)


def _without(path: Path, since_utc: float, until_utc: float) -> int:
    """Write a segment anew without the frames of a time; one that is left empty goes, and so does a raw twin."""
    kept, gone = [], 0
    for payload in _records(_content(path)):
        (utc,) = struct.unpack_from("<d", payload)
        if since_utc <= utc < until_utc:
            gone += 1
        else:
            kept.append(_HEAD.pack(len(payload), zlib.crc32(payload)) + payload)
    if gone:
        fresh = path.with_name(path.name + ".part")
        packed = path.name.endswith(PACKED)
        if packed:
            _pack_into(fresh, iter(kept))
        else:
            _write_synced(fresh, kept)
        fresh.replace(path)
        if packed:
            path.with_name(path.name.removesuffix(".z")).unlink(missing_ok=True)
        if not kept:
            path.unlink()
    return gone


def _write_synced(path: Path, parts: list[bytes]) -> None:
    with path.open("wb") as out:
        out.writelines(parts)
        out.flush()
        os.fsync(out.fileno())


def _written_utc(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _cut_torn_tail(path: Path) -> None:
    end = 0
    for _, end in _sound(_content(path)):  # noqa: B007
        pass
    if end < path.stat().st_size:
        os.truncate(path, end)


def _pack_segments(paths: list[Path]) -> None:
    """Pack finished segments; where the disk is full they stay as they are until the next turn of a day."""
    for path in paths:
        part = path.with_name(path.name + ".part")
        try:
            _pack_into(part, _content(path))
            part.replace(path.with_name(path.name + ".z"))
            path.unlink(missing_ok=True)
        except OSError:
            part.unlink(missing_ok=True)


def _pack_into(path: Path, content: Iterator[bytes]) -> None:
    pack = zlib.compressobj()
    with path.open("wb") as out:
        for chunk in content:
            out.write(pack.compress(chunk))
        out.write(pack.flush())
        out.flush()
        os.fsync(out.fileno())


def _day(utc: float) -> date:
    return datetime.fromtimestamp(utc, UTC).date()


def _segment_day(path: Path) -> date:
    return date.fromisoformat(path.name.partition("-")[2][:10])


def _segment_start(path: Path) -> float:
    return datetime.combine(_segment_day(path), datetime.min.time(), UTC).timestamp()
