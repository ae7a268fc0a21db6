"""A camera that runs but does not see: frozen, dark, dazzled, covered, out of focus, moved.

Pure: pictures and media time in, findings out. Names and topics follow ONVIF's video source events; frozen pictures
have none of their own and count as loss of signal.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.video.scene import Likeness, Look, Reference, look_at

Ailment = Literal["frozen", "dark", "bright", "covered", "defocused", "moved"]

TOPICS: dict[Ailment, str] = {
    "frozen": "tns1:VideoSource/SignalLoss",
    "dark": "tns1:VideoSource/ImageTooDark/AnalyticsService",
    "bright": "tns1:VideoSource/ImageTooBright/AnalyticsService",
    "covered": "tns1:VideoSource/GlobalSceneChange/AnalyticsService",
    "defocused": "tns1:VideoSource/ImageTooBlurry/AnalyticsService",
    "moved": "tns1:VideoSource/GlobalSceneChange/AnalyticsService",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthParams:
    """How long an ailment must last to be told, in seconds of media time (issue 5, Cameras 2).

    `covered_s` also holds for dark and dazzled; 5 s is the least that is sensible where lorries pass. `aim` False: a
    camera that sways or pans by itself is never told to have been moved.
    """

    covered_s: float = 20.0
    defocused_s: float = 28.0
    moved_s: float = 28.0
    learn_s: float = 10.0
    memory_s: float = 120.0
    aim: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An ailment that began or ended. `since_pts` is when its signs began, `pts` when it was told."""

    kind: Ailment
    topic: str
    state: Literal["start", "end"]
    since_pts: float
    pts: float
    why: dict[str, Any] = field(hash=False)


class CameraHealth:
    """One camera's eye test. `update` is called with pictures in order and looks about twice a second.

    The reference is learned from the first pictures in which there is something to see and follows slow changes of
    light. While dark or covered nothing is learned and neither focus nor aim is judged; a moved camera keeps its old
    reference until `accept` says that the new view is meant.
    """

    def __init__(self, params: HealthParams | None = None) -> None:
        self._params = params or HealthParams()
        self._reference = Reference()
        self._still = StillnessWatch()
        self._watches: dict[Ailment, _Watch] = {
            "dark": _Watch(self._params.covered_s), "bright": _Watch(self._params.covered_s),
            "covered": _Watch(self._params.covered_s), "defocused": _Watch(self._params.defocused_s),
            "moved": _Watch(self._params.moved_s),
        }  # fmt: skip
        self._frozen = _Watch(0.0)
        self._hashed_pts: float | None = None
        self._looked_pts: float | None = None
        self._trust = 0.0
        self._settled = False
        self._size: tuple[int, int] | None = None

    def accept(self) -> None:
        """The present view is the right one: learn it anew."""
        self._reference = Reference()
        self._trust, self._settled = 0.0, False

    def state(self) -> bytes:
        """What was learned of the view, what was told and what is being counted, so that a restart neither learns anew
        nor tells again nor begins to count from zero."""
        told = np.array([kind for kind, watch in self._all().items() if watch.told], dtype="U16")
        numbers = np.array([STATE_VERSION, self._trust, float(self._settled), *(self._size or (0, 0))])
        counting = np.array([watch.count for watch in self._all().values()])
        out = io.BytesIO()
        arrays: dict[str, Any] = {"told": told, "health": numbers, "counting": counting, **self._reference.state()}
        arrays |= self._still.state()
        np.savez(out, **arrays)
        return out.getvalue()

    def restore(self, state: bytes) -> None:
        """Go on from `state`.

        Raises:
            ValueError: not a state of this version.
        """
        try:
            with np.load(io.BytesIO(state), allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
            version, self._trust, settled, *size = (float(one) for one in found["health"])
            if version != STATE_VERSION:
                raise ValueError(f"a state of version {version:g}, not {STATE_VERSION}")
            if "edges" in found:
                self._reference.restore(found)
                self._settled = bool(settled)
                self._size = (int(size[0]), int(size[1]))
            if "counting" in found:
                self._still.restore(found)
            counting = found.get("counting", np.zeros((len(self._all()), 3))).tolist()
            for (kind, watch), count in zip(self._all().items(), counting, strict=True):
                watch.take_up(count, told=kind in found["told"].tolist())
        except (KeyError, IndexError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"no state of a camera's health ({type(error).__name__})") from None

    def ailing(self) -> tuple[Ailment, ...]:
        """What is wrong at present, as far as it has been told."""
        return tuple(kind for kind, watch in self._all().items() if watch.told)

    def update(self, luma: NDArray[np.uint8], pts: float) -> list[Finding]:
        """Look at a brightness picture uint8 (H, W); findings that began or ended with it, mostly none."""
        found: list[Finding] = []
        if self._size is not None and luma.shape != self._size:
            self._reference.resized()
        self._size = (luma.shape[0], luma.shape[1])
        since_s = _since(self._hashed_pts, pts)
        if since_s is None or since_s >= HASH_EVERY_S - 1e-6:
            self._hashed_pts = pts
            found += self._judge_stillness(luma, pts, since_s or 0.0)
        since_s = _since(self._looked_pts, pts)
        if since_s is None or since_s >= LOOK_EVERY_S - 1e-6:
            self._looked_pts = pts
            found += self._judge_picture(look_at(luma), pts, since_s or 0.0)
        return found

    def _all(self) -> dict[Ailment, _Watch]:
        return {"frozen": self._frozen, **self._watches}

    def _judge_stillness(self, luma: NDArray[np.uint8], pts: float, elapsed_s: float) -> list[Finding]:
        since_s = self._still.update(luma, elapsed_s)
        why = {"still_s": round(since_s, 1), "longest_still_s": round(self._still.longest_s, 1)}
        blind = any(self._watches[kind].active for kind in BLINDING)  # one cause, one alert: black has nothing to move
        still = since_s >= self._still.limit_s and (self._frozen.told or not blind)
        change = self._frozen.update(still, pts, elapsed_s, began_pts=pts - since_s)
        return self._found("frozen", change, self._frozen, pts, why)

    def _judge_picture(self, look: Look, pts: float, elapsed_s: float) -> list[Finding]:
        likeness = self._reference.compare(look)
        signs = signs_of(look, likeness if self._settled else None)
        signs = signs if self._params.aim else signs - {"moved"}
        why = _numbers(look, likeness)
        found = []
        for kind, watch in self._watches.items():
            change = watch.update(kind in signs, pts, elapsed_s)
            found += self._found(kind, change, watch, pts, why)
        usual = likeness is None or not self._settled or likeness.agreement > LEARNED
        if usual and not signs and not any(watch.active for watch in self._watches.values()):
            self._learn(look, likeness, min(elapsed_s, LOOK_EVERY_S))
        return found

    def _learn(self, look: Look, likeness: Likeness | None, elapsed_s: float) -> None:
        """A reference is believed once the scene has agreed with it for a while: not where lorries fill the view."""
        agreement = 0.0 if likeness is None else likeness.agreement
        self._trust += min(1.0, elapsed_s / self._params.learn_s) * (agreement - self._trust)
        self._reference.learn(look, max(elapsed_s, 1e-3), memory_s=self._params.memory_s)
        self._settled |= self._reference.learned_s >= self._params.learn_s and self._trust > TRUSTED

    def _found(
        self, kind: Ailment, change: Literal["start", "end"] | None, watch: _Watch, pts: float, why: dict[str, Any]
    ) -> list[Finding]:
        if change is None:
            return []
        return [Finding(kind=kind, topic=TOPICS[kind], state=change, since_pts=watch.since_pts, pts=pts, why=why)]


def signs_of(look: Look, likeness: Likeness | None) -> frozenset[Ailment]:
    """What a single picture looks like it suffers from. The first that explains it rules the others out."""
    if look.p95 < DARK:
        return frozenset(("dark",))
    if look.p5 > BRIGHT:
        return frozenset(("bright",))
    if likeness is None:
        return frozenset(("covered",)) if look.steepest < BLANK and look.p95 - look.p5 < BLANK_RANGE else frozenset()
    veiled = likeness.vanished > VEILED and likeness.sharpness >= BLURRED
    if veiled or (likeness.vanished > 0.6 and likeness.agreement < 0.35):
        return frozenset(("covered",))
    if likeness.sharpness < BLURRED and look.steepest > BLANK:
        return frozenset(("defocused",))
    shifted = likeness.shift is not None and max(abs(likeness.shift[0]), abs(likeness.shift[1])) > SHIFTED
    if (likeness.agreement < STRANGE or shifted) and look.steepest > BLANK:
        return frozenset(("moved",))
    return frozenset()


def _since(before: float | None, pts: float) -> float | None:
    return None if before is None else pts - before


STATE_VERSION = 1
HASH_EVERY_S = 0.5
LOOK_EVERY_S = 1.0
TRUSTED = 0.6


BLINDING: tuple[Ailment, ...] = ("dark", "bright", "covered")
DARK = 40.0
"""95 % of the picture below this grey level (video black is 16): nobody could be told from the ground."""
BRIGHT = 235.0
BLANK = 6.0
BLANK_RANGE = 24.0
BLURRED = 0.6
VEILED = 0.8
"""Share of the edges gone from which a picture that is not out of focus is behind something: paint, film or a torch
leave a shimmer of the scene (.90 to .97 gone, agreement .38 to .74)."""
STRANGE = 0.35
LEARNED = 0.7
SHIFTED = 0.015
"""Share of the picture's width or height: about a third of a person's width at the far end of a yard."""


class StillnessWatch:
    """How long no new picture has come. A sensor is never still; an encoder can be, within a group of pictures.

    Pictures are compared exactly: a frozen sensor gives pictures that were there before, also over keyframes, once
    the encoder has settled, while noise makes each keyframe a new one. The top and bottom eighths, where a clock is
    written, do not count. `limit_s` grows with the longest still stretch that turned out to be alive: encoders with
    long groups of pictures keep a calm scene exactly still for all of one.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._still_s = 0.0
        self._alive_s = 0.0
        self.longest_s = 0.0

    @property
    def limit_s(self) -> float:
        """Stillness beyond this is a frozen picture: 6 s for a camera known to be lively, 9.5 s for any other."""
        usual = LIVELY_LIMIT_S if self._alive_s >= 10.0 and self.longest_s <= 1.5 else CALM_LIMIT_S
        return max(usual, 2.5 * self.longest_s)

    def state(self) -> dict[str, NDArray[Any]]:
        names = np.frombuffer(b"".join(self._seen), np.uint8).reshape(-1, NAME_BYTES)
        return {"stillness": np.array((self._still_s, self._alive_s, self.longest_s)), "pictures": names}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._still_s, self._alive_s, self.longest_s = (float(one) for one in state["stillness"])
        self._seen = OrderedDict((bytes(name), None) for name in state["pictures"])

    def update(self, luma: NDArray[np.uint8], elapsed_s: float) -> float:
        """Seconds for which pictures have come and none was new; gaps without pictures do not count."""
        height = luma.shape[0]
        middle = np.ascontiguousarray(luma[height // 8 : height - height // 8 : 2, ::2])
        name = hashlib.blake2b(middle.data, digest_size=NAME_BYTES).digest()
        if name in self._seen:
            self._seen.move_to_end(name)
            self._still_s += elapsed_s if elapsed_s <= 1.0 else 0.0
            return self._still_s
        if self._seen:
            self.longest_s = max(self.longest_s, self._still_s)
            self._alive_s += elapsed_s
        self._still_s = 0.0
        self._seen[name] = None
        while len(self._seen) > 128:
            self._seen.popitem(last=False)
        return 0.0


NAME_BYTES = 12
LIVELY_LIMIT_S = 6.0
CALM_LIMIT_S = 9.5


class _Watch:
    """Tells an ailment once its signs have lasted, and its end once they have been gone for `RELEASE_S`."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._lasted_s = 0.0
        self._gone_s = 0.0
        self.since_pts = 0.0
        self.told = False

    @property
    def count(self) -> tuple[float, float, float]:
        """How long its signs have lasted, how long they have been gone, and since when they are there."""
        return self._lasted_s, self._gone_s, self.since_pts

    def take_up(self, count: Sequence[float], *, told: bool) -> None:
        """Go on where another process was; what it had told is not told again, and ended once its signs are gone."""
        self._lasted_s, self._gone_s, self.since_pts = count
        self.told = told
        if told:
            self._lasted_s = max(self._lasted_s, self._after_s, 1e-9)

    @property
    def active(self) -> bool:
        """Whether signs are there, or were until just now."""
        return self._lasted_s > 0.0

    def update(
        self, present: bool, pts: float, elapsed_s: float, *, began_pts: float | None = None
    ) -> Literal["start", "end"] | None:
        if not present:
            self._gone_s += elapsed_s
            if self._gone_s < RELEASE_S and self._lasted_s > 0.0:
                return None
            ended, self.told, self._lasted_s = self.told, False, 0.0
            return "end" if ended else None
        if self._lasted_s == 0.0:
            self.since_pts = pts if began_pts is None else began_pts
        else:
            self._lasted_s += min(elapsed_s, 2.0)
        self._lasted_s = max(self._lasted_s, 1e-9)
        self._gone_s = 0.0
        if self.told or self._lasted_s < self._after_s:
            return None
        self.told = True
        return "start"


RELEASE_S = 2.0


def _numbers(look: Look, likeness: Likeness | None) -> dict[str, Any]:
    why: dict[str, Any] = {"brightness": round(look.mean), "brightness_p95": round(look.p95)}
    if likeness is not None:
        why |= {
            "agreement": round(likeness.agreement, 2), "edges_gone": round(likeness.vanished, 2),
            "sharpness": round(likeness.sharpness, 2),
        }  # fmt: skip
        if likeness.shift is not None:
            why |= {"shift_x": round(likeness.shift[0], 3), "shift_y": round(likeness.shift[1], 3)}
    return why
