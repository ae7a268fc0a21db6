"""The size of a JPEG, from its headers alone (ITU-T T.81, B.2)."""

from __future__ import annotations

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def colour_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a JPEG with three colours, or None where it is none."""
    at = 2
    if data[:2] != b"\xff\xd8":
        return None
    while at + 9 < len(data) and data[at] == 0xFF:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if kind in _FRAMES:
            down, across = (int.from_bytes(data[at + n : at + n + 2], "big") for n in (5, 7))
            return (across, down) if data[at + 9] == 3 and across and down else None
        at += 2 + length
    return None
