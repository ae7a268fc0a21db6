"""A zip of one form only: stored, in the order given, without dates. So every byte of it follows from its files, and
a byte changed anywhere, headers included, can be told (APPNOTE.TXT 6.3.3, sections 4.3.7, 4.3.12 and 4.3.16).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20
LARGEST = 2**32 - 1
"""Without the 64-bit extension; a clip is at most 96 MiB."""
_VERSION, _UTF8, _STORED, _UNIX = 20, 1 << 11, 0, 3
_TIME, _DATE = 0, (1 << 5) | 1  # 1980-01-01, the first day of the format
_MODE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Member:
    """A file to go in: its bytes, or the file that holds them."""

    name: str
    content: bytes | Path

    def chunks(self) -> Iterator[bytes]:
        if isinstance(self.content, bytes):
            yield self.content
            return
        with self.content.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


@dataclass(frozen=True, slots=True)
class Entry:
    """What the archive's directory says of a file."""

    name: str
    crc: int
    size: int
    offset: int


def write_archive(out: BinaryIO, members: Sequence[Member]) -> None:
    """Write the whole archive to a seekable file.

    Raises:
        OSError: a file cannot be read, or `out` not be written.
        ValueError: it would be over 4 GiB.
    """
    entries = [_write_one(out, member) for member in members]
    out.write(directory(entries, at=out.tell()))


def same_form(archive: BinaryIO, entries: Sequence[Entry]) -> bool:
    """Whether the archive is byte for byte what `write_archive` writes of these files, whose contents are known to
    be right: headers at their places, nothing before, between or behind them."""
    at = 0
    for entry in entries:
        expected = _local(entry)
        archive.seek(at)
        if entry.offset != at or archive.read(len(expected)) != expected:
            return False
        at += len(expected) + entry.size
    expected = directory(entries, at=at)
    archive.seek(at)
    return archive.read(len(expected) + 1) == expected


def directory(entries: Sequence[Entry], *, at: int) -> bytes:
    """The central directory and its end, as they stand from offset `at` on."""
    rows = b"".join(_central(entry) for entry in entries)
    if at + len(rows) > LARGEST:
        raise ValueError("an export of over 4 GiB")
    return rows + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(entries), len(entries), len(rows), at, 0)


def _write_one(out: BinaryIO, member: Member) -> Entry:
    offset, crc, size = out.tell(), 0, 0
    head: Callable[[], Entry] = lambda: Entry(member.name, crc, size, offset)  # noqa: E731
    out.write(_local(head()))
    for chunk in member.chunks():
        out.write(chunk)
        crc, size = zlib.crc32(chunk, crc), size + len(chunk)
    if size > LARGEST:
        raise ValueError("an export of over 4 GiB")
    end = out.tell()
    out.seek(offset)
    out.write(_local(head()))
    out.seek(end)
    return head()


def _local(entry: Entry) -> bytes:
    name = entry.name.encode()
    return struct.pack(
        "<4s5H3L2H", b"PK\3\4", _VERSION, _UTF8, _STORED, _TIME, _DATE, entry.crc, entry.size, entry.size, len(name), 0
    ) + name  # fmt: skip


def _central(entry: Entry) -> bytes:
    name = entry.name.encode()
    return struct.pack(
        "<4s4B4H3L5H2L", b"PK\1\2", _VERSION, _UNIX, _VERSION, 0, _UTF8, _STORED, _TIME, _DATE, entry.crc, entry.size,
        entry.size, len(name), 0, 0, 0, 0, _MODE, entry.offset,
    ) + name  # fmt: skip
