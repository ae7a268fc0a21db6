"""Networks of the package's own descriptions with random weights, made so that they find something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.classes import COCO

SIDE = 320
LABELS = COCO[:4]  # few: the package parts classes by 7680 px each before it suppresses, which costs digits
SCORES, QUERIES, BINS, PLAIN = (-8.0, 1.5), (-7.0, 1.6), (0.0, 2.0), (6.0, 0.5)
"""Mean and deviation of what goes into the last sigmoid (of cells, of queries), of what goes into the softmax over
distances, and of plain distances."""


def write_network(path: Path, name: str, picture: NDArray[np.uint8]) -> Path:
    """Weights of `name`.yaml at `path`. As nobody trained them, every score would be the same and next to nothing.

    So batch normalisation and the last layers are fitted to a picture in several guises: what leaves them varies from place to place,
    and some hundred scores lie above 0.01, none of them at 1, where all would be alike again.
    """
    import torch
    from ultralytics import RTDETR, YOLO

    torch.manual_seed(7)
    made = (RTDETR if name.startswith("rtdetr") else YOLO)(f"{name}.yaml")
    made.model = network = type(made.model)(f"{name}.yaml", nc=len(LABELS), verbose=False).eval()
    network.names, network.task = dict(enumerate(LABELS)), made.task
    shown = _views(picture)
    norms = [layer for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    with torch.no_grad():
        for layer in norms:
            layer.momentum = 1.0  # the statistics are these pictures'
            layer.train()
        network(shown)
        network.eval()
        _fit(network, shown)
    made.ckpt = {"train_args": {"imgsz": SIDE}}
    made.save(str(path))
    return path


def _last_layers(head: Any) -> list[tuple[Any, tuple[float, float]]]:
    """The layers that make scores and boxes, on either branch of a head that has two, with what they should give."""
    if type(head).__name__ == "RTDETRDecoder":
        return [(layer, QUERIES) for layer in (head.enc_score_head, *head.dec_score_head)]
    boxes = BINS if head.reg_max > 1 else PLAIN
    wanted = {"cv3": SCORES, "one2one_cv3": SCORES, "cv2": boxes, "one2one_cv2": boxes}
    return [(level[-1], wish) for branch, wish in wanted.items() for level in getattr(head, branch, None) or ()]


def _fit(network: Any, shown: Any) -> None:
    """Random last layers, scaled so that what they give on pictures has the wanted mean and deviation."""
    given: dict[Any, Any] = {}
    wanted = dict(_last_layers(network.model[-1]))
    for layer in wanted:
        layer.weight.normal_()
        layer.bias.zero_()
    hooks = [layer.register_forward_hook(lambda each, _, output: given.update({each: output})) for layer in wanted]
    network(shown)
    for hook in hooks:
        hook.remove()
    for layer, output in given.items():  # of RT-DETR's layers inference asks only some
        mean, deviation = wanted[layer]
        scale = deviation / output.std()
        layer.weight.mul_(scale)
        layer.bias.fill_(mean - float(output.mean() * scale))


def _views(picture: NDArray[np.uint8]) -> Any:
    """A picture in several guises (as it is, padded, turned and darker, cut), float32 (N, 3, SIDE, SIDE) RGB in [0, 1]."""
    import torch

    high, wide = picture.shape[:2]
    padded = np.full((max(high, wide),) * 2 + (3,), 114, np.uint8)
    top = (padded.shape[0] - high) // 2
    padded[top : top + high, :wide] = picture
    guises = [picture, padded, padded[:, ::-1] // 2, picture[high // 4 :, wide // 4 :]]
    scaled = [cv2.resize(np.ascontiguousarray(each), (SIDE, SIDE))[..., ::-1] for each in guises]
    return torch.from_numpy(np.ascontiguousarray(np.stack(scaled).transpose(0, 3, 1, 2), np.float32) / 255)
