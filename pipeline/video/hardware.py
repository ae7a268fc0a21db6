"""Decoding on a graphics device where the site file asks for it, with a fallback that is said and never silent.

A device is tried once, on a small clip made in memory, before any camera is opened: whether a driver works can only
be told by using it, and a failure in the midst of opening a camera could not be told from the camera's own.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.codec.hwaccel import HWAccel, hwdevices_available

OFF, AUTO = "off", "auto"
_SIDE = 256  # NVDEC refuses less than 145


@dataclass(frozen=True, slots=True)
class Hardware:
    """`kind` is the device that works, or None for software; `note` says why, where one was asked for."""

    kind: str | None
    note: str = ""

    def accel(self) -> HWAccel | None:
        """For `av.open`; frames are brought into main memory, since masks and health look at them there."""
        return None if self.kind is None else HWAccel(self.kind, allow_software_fallback=True)


def choose(wanted: str) -> Hardware:
    """The device for `off`, `auto` or a kind such as `cuda`, `vaapi`, `qsv`."""
    if wanted == OFF:
        return Hardware(None)
    built_in = hwdevices_available()
    kinds = built_in if wanted == AUTO else [wanted]
    reasons = []
    for kind in kinds:
        reason = _refusal(kind) if kind in built_in else f"not in this build, which has {', '.join(built_in) or 'none'}"
        if reason is None:
            return Hardware(kind, f"hardware decoding by {kind}")
        reasons.append(f"{kind}: {reason}")
    return Hardware(None, f"hardware decoding ({wanted}) cannot be used, software decodes: {'; '.join(reasons)}")


def _refusal(kind: str) -> str | None:
    """Why a device does not decode H.264 here, or None where it does."""
    try:
        accel = HWAccel(kind, allow_software_fallback=False)
        with av.open(io.BytesIO(_clip()), "r", hwaccel=accel) as container:
            for frame in container.decode(video=0):
                return None if frame.width == _SIDE else "a picture of another size"
    except (av.error.FFmpegError, OSError, RuntimeError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return "no picture"


def _clip() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width = stream.height = _SIDE
        stream.pix_fmt = "yuv420p"
        for index in range(3):
            picture = np.full((_SIDE, _SIDE, 3), 60 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()
