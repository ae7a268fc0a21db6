"""A model of routes as a picture: what was walked, thin; corridors, wide, with direction, share and name."""

from __future__ import annotations

import base64
import colorsys
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadInput
from rules.routes import RouteModel
from rules.routes.corridor import Corridor

SIDE_PX = 1200
MARGIN = 0.06
WALKS = 500
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
FORBIDDEN = (220, 40, 40)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Where the model's unit lies on a picture of `width` x `height` px: `scale` px a unit after moving by `corner`."""

    width: int
    height: int
    corner: tuple[float, float]
    scale: float
    picture: NDArray[np.uint8] | None

    def px(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places (N, 2) as pixels."""
        moved: NDArray[np.float64] = (places - self.corner) * self.scale
        return moved


def draw_svg(model: RouteModel, *, image: Path | None = None) -> bytes:
    """The model as SVG; `image` (PNG or JPEG) is embedded, so that the file stands alone."""
    canvas = _canvas(model, image)
    size = f'width="{canvas.width}" height="{canvas.height}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {canvas.width} {canvas.height}">']
    if image is None:
        parts.append(f'<rect {size} fill="#101418"/>')
    else:
        data = base64.b64encode(image.read_bytes()).decode()
        parts.append(f'<image {size} href="data:{TYPES[image.suffix.lower()]};base64,{data}"/>')
    thin = 'fill="none" stroke="#fff" stroke-opacity=".13"'
    parts += [f'<path d="{_d(canvas.px(walk))}" {thin}/>' for walk in model.sample(WALKS)]
    flows = model.corridors()
    for number, flow in reversed(list(enumerate(flows))):
        parts.append(_svg_flow(flow, canvas, _colour(flow, number, len(flows))))
    for number, flow in enumerate(flows):
        parts.append(_svg_label(flow, canvas, number, _colour(flow, number, len(flows))))
    return "\n".join([*parts, "</svg>\n"]).encode()


def draw_png(model: RouteModel, *, image: Path | None = None) -> bytes:
    """The model as PNG."""
    canvas = _canvas(model, image)
    if canvas.picture is None:
        picture = np.full((canvas.height, canvas.width, 3), (24, 20, 16), np.uint8)
    else:
        picture = canvas.picture.copy()
    _blend(picture, 0.25, lambda layer: _png_walks(layer, model, canvas))
    flows = model.corridors()
    for number, flow in reversed(list(enumerate(flows))):
        _png_flow(picture, flow, canvas, _colour(flow, number, len(flows)))
    for number, flow in enumerate(flows):
        _write(picture, _label(flow), _label_at(number), _colour(flow, number, len(flows)))
    _, data = cv2.imencode(".png", picture)
    return bytes(data.tobytes())


def _canvas(model: RouteModel, image: Path | None) -> Canvas:
    """The picture's own pixels, times its height for a model in picture heights; else a sheet that fits the scene."""
    if image is not None:
        picture = cv2.imread(str(image)) if image.suffix.lower() in TYPES else None
        if picture is None:
            raise BadInput(f"--image: {image} cannot be read; allowed: a PNG or JPEG file")
        height, width = picture.shape[:2]
        return Canvas(
            width, height, (0.0, 0.0), float(height) if model.unit == "ph" else 1.0, np.asarray(picture, np.uint8)
        )
    walks = model.sample(WALKS)
    places = np.concatenate(walks) if walks else np.array([[0.0, 0.0], [1.0, 1.0]])
    low, high = np.percentile(places, (0.5, 99.5), axis=0)
    margin = MARGIN * float(np.hypot(*(high - low)))
    wide, tall = np.maximum(high - low, 1e-9) + 2 * margin
    scale = SIDE_PX / max(float(wide), float(tall))
    corner = (float(low[0]) - margin, float(low[1]) - margin)
    return Canvas(max(1, round(wide * scale)), max(1, round(tall * scale)), corner, scale, None)


def _colour(flow: Corridor, number: int, count: int) -> Colour:
    if flow.status == "forbidden":
        return FORBIDDEN
    red, green, blue = colorsys.hsv_to_rgb(number / max(1, count), 0.65, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)


def _label(flow: Corridor) -> str:
    word = "" if flow.status == "learned" else f" ({flow.status})"
    return f"{flow.corridor_id} {flow.name}: {flow.share:.1%}{word}"


def _label_at(number: int) -> tuple[int, int]:
    """A legend down the left edge: names beside their corridors would lie on each other."""
    return 10, 22 + 19 * number


def _arrow(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """A triangle (3, 2) at the end of a line, pointing on."""
    step = line[-1] - line[-4]
    step = step / max(float(np.hypot(*step)), 1e-9)
    side = np.array((-step[1], step[0]))
    return np.array([line[-1] + 14 * step, line[-1] + 8 * side, line[-1] - 8 * side])


def _d(places: NDArray[np.float64]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in places.tolist())


def _svg_flow(flow: Corridor, canvas: Canvas, colour: Colour) -> str:
    line = canvas.px(flow.line)
    rgb = "rgb({},{},{})".format(*colour)
    wide = 2 * flow.half_width * canvas.scale
    middle = line[len(line) // 2]
    return (
        f'<g stroke-linecap="round" stroke-linejoin="round"><title>{escape(_label(flow))}</title>'
        f'<path d="{_d(line)}" fill="none" stroke="{rgb}" stroke-width="{wide:.1f}" stroke-opacity=".12"/>'
        f'<path d="{_d(line)}" fill="none" stroke="{rgb}" stroke-width="{_thick(flow):.1f}"/>'
        f'<path d="{_d(_arrow(line))}Z" fill="{rgb}"/>'
        f'<text x="{middle[0]:.0f}" y="{middle[1]:.0f}" {_FONT} fill="{rgb}">{flow.corridor_id}</text></g>'
    )


_FONT = 'font-family="sans-serif" font-size="14" stroke="#000" stroke-width="3" paint-order="stroke"'


def _svg_label(flow: Corridor, canvas: Canvas, number: int, colour: Colour) -> str:
    x, y = _label_at(number)
    rgb = "rgb({},{},{})".format(*colour)
    return f'<text x="{x}" y="{y}" {_FONT} fill="{rgb}">{escape(_label(flow))}</text>'


def _thick(flow: Corridor) -> float:
    return 2.0 + 10.0 * math.sqrt(flow.share)


def _png_walks(layer: NDArray[np.uint8], model: RouteModel, canvas: Canvas) -> None:
    for walk in model.sample(WALKS):
        cv2.polylines(layer, [canvas.px(walk).round().astype(np.int32)], False, (255, 255, 255), 1, cv2.LINE_AA)


def _png_flow(picture: NDArray[np.uint8], flow: Corridor, canvas: Canvas, colour: Colour) -> None:
    line = canvas.px(flow.line)
    at = [line.round().astype(np.int32)]
    wide = max(1, round(2 * flow.half_width * canvas.scale))
    _blend(picture, 0.12, lambda layer: cv2.polylines(layer, at, False, _bgr(colour), wide, cv2.LINE_AA))
    cv2.polylines(picture, at, False, _bgr(colour), max(1, round(_thick(flow))), cv2.LINE_AA)
    cv2.fillPoly(picture, [_arrow(line).round().astype(np.int32)], _bgr(colour), cv2.LINE_AA)
    middle = at[0][len(line) // 2]
    _write(picture, flow.corridor_id, (int(middle[0]), int(middle[1])), colour)


def _write(picture: NDArray[np.uint8], text: str, at: tuple[int, int], colour: Colour) -> None:
    """Text on a dark ground."""
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    low, high = (at[0] - 2, at[1] - height - 2), (at[0] + width + 2, at[1] + below)
    cv2.rectangle(picture, low, high, (24, 20, 16), cv2.FILLED)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, _bgr(colour), 1, cv2.LINE_AA)


def _bgr(colour: Colour) -> Colour:
    return colour[2], colour[1], colour[0]


def _blend(picture: NDArray[np.uint8], share: float, draw: Callable[[NDArray[np.uint8]], Any]) -> None:
    """Draw on a copy and lay it over the picture, as far as it covers."""
    layer = picture.copy()
    draw(layer)
    cv2.addWeighted(layer, share, picture, 1.0 - share, 0.0, dst=picture)
