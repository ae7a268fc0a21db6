"""Published pipelines on a clip, with our weights: run by the Python of an environment that has them.

    PEER_PYTHON benchmarks/peer_runs.py NAME VIDEO MODEL FRAMES

Prints `ready` once loaded, waits for a line (`turns.py`), then prints one JSON object: `ms` of CPU a frame without
loading, `frames`, `people` (boxes tracked a frame), or `absent` with the reason. One thread for ONNX Runtime, OpenCV
and torch each, as our workers have. Imports nothing of Nightjar.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SIDE, SCORE, IOU = 416, 0.3, 0.45
ZONE = np.array([[0.47, 0.72], [0.7, 0.72], [0.7, 1.0], [0.47, 1.0]])


def grid() -> tuple[np.ndarray, np.ndarray]:
    """YOLOX's cells: offsets (3549, 2) and strides (3549, 1)."""
    offsets, strides = [], []
    for stride in (8, 16, 32):
        n = SIDE // stride
        y, x = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
        offsets.append(np.stack((x, y), 2).reshape(-1, 2))
        strides.append(np.full((n * n, 1), stride))
    return np.concatenate(offsets).astype(np.float32), np.concatenate(strides).astype(np.float32)


def supervision_zone(video: str, model: str, frames: int) -> Iterator[int]:
    """A time-in-zone script as supervision's users write it: model, NMS, ByteTrack, PolygonZone, timers by id."""
    import onnxruntime as ort
    import supervision as sv

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name, (offsets, strides) = session.get_inputs()[0].name, grid()
    capture = cv2.VideoCapture(video)
    fps, width, height = (
        capture.get(p) for p in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    tracker = sv.ByteTrack(frame_rate=fps)
    zone = sv.PolygonZone((ZONE * (width, height)).astype(int), triggering_anchors=(sv.Position.BOTTOM_CENTER,))
    since: dict[int, int] = {}
    for n in range(frames):
        there, picture = capture.read()
        if not there:
            return
        gain = min(SIDE / picture.shape[0], SIDE / picture.shape[1])
        small = cv2.resize(picture, None, fx=gain, fy=gain)
        square = np.full((SIDE, SIDE, 3), 114, np.uint8)
        square[: small.shape[0], : small.shape[1]] = small
        out = session.run(None, {name: square.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
        centre, size = (out[:, :2] + offsets) * strides, np.exp(out[:, 2:4]) * strides
        scores = out[:, 4:5] * out[:, 5:]
        kind = scores.argmax(1)
        best = scores[np.arange(len(scores)), kind]
        keep = (best > SCORE) & (kind == 0)
        xyxy = np.concatenate((centre - size / 2, centre + size / 2), 1)[keep] / gain
        found = sv.Detections(xyxy=xyxy, confidence=best[keep], class_id=kind[keep]).with_nms(IOU)
        found = tracker.update_with_detections(found)
        inside = zone.trigger(found)
        for track in found.tracker_id[inside]:
            since.setdefault(int(track), n)
        _ = [(n - since[int(track)]) / fps for track in found.tracker_id[inside]]
        yield len(found)


def ultralytics_track(video: str, model: str, frames: int) -> Iterator[int]:
    """`YOLO(...).track()` with ByteTrack on the same weights, wrapped to take RGB of 0-1 and to give decoded boxes."""
    import onnxruntime as ort
    import torch

    torch.set_num_threads(1)
    mend_torchvision()
    made = ort.InferenceSession

    def on_one_thread(path: str, *_: Any, **more: Any) -> Any:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return made(path, options, providers=["CPUExecutionProvider"])

    ort.InferenceSession = on_one_thread
    from ultralytics import YOLO

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wrapped.onnx"
        wrap(model, path)
        results = YOLO(str(path), task="detect").track(
            video, stream=True, imgsz=SIDE, conf=SCORE, iou=IOU, classes=[0], tracker="bytetrack.yaml", device="cpu",
            verbose=False, rect=False,
        )  # fmt: skip
        for result in islice(results, frames):
            yield len(result.boxes)


def mend_torchvision() -> None:
    """Where torchvision was built for another torch it cannot be imported: its suppression is OpenCV's then."""
    import torch

    try:
        import torchvision  # noqa: F401
    except RuntimeError:

        def nms(boxes: Any, scores: Any, iou: float) -> Any:
            tlwh = boxes.numpy().copy()
            tlwh[:, 2:] -= tlwh[:, :2]
            kept = cv2.dnn.NMSBoxes(tlwh.tolist(), scores.tolist(), 0.0, iou)
            return torch.as_tensor(np.asarray(kept, np.int64).ravel())

        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        instead, ops = types.ModuleType("torchvision"), types.ModuleType("torchvision.ops")
        ops.nms, instead.ops, instead.__version__ = nms, ops, "0"  # type: ignore[attr-defined]
        sys.modules |= {"torchvision": instead, "torchvision.ops": ops}


def wrap(model: str, path: Path) -> None:
    """YOLOX as ultralytics expects a detector: in RGB / 255, out (1, 84, 3549) with centre, size and class scores."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = onnx.load(model).graph
    opset = onnx.load(model).opset_import
    offsets, strides = grid()
    first, last = graph.input[0].name, graph.output[0].name
    values = {
        "w_255": np.array(255.0, np.float32), "w_bgr": np.array([2, 1, 0], np.int64), "w_grid": offsets[None],
        "w_stride": strides[None],
    }  # fmt: skip
    cuts = {"w_xy": (0, 2), "w_wh": (2, 4), "w_obj": (4, 5), "w_cls": (5, 85)}
    slices = []
    for name, (low, high) in cuts.items():
        values |= {f"{name}_s": np.array([low]), f"{name}_e": np.array([high]), "w_axis": np.array([2])}
        slices.append(helper.make_node("Slice", [last, f"{name}_s", f"{name}_e", "w_axis"], [name]))
    before = [
        helper.make_node("Mul", ["w_in", "w_255"], ["w_scaled"]),
        helper.make_node("Gather", ["w_scaled", "w_bgr"], [first], axis=1),
    ]
    after = [
        *slices,
        helper.make_node("Add", ["w_xy", "w_grid"], ["w_xy1"]),
        helper.make_node("Mul", ["w_xy1", "w_stride"], ["w_xy2"]),
        helper.make_node("Exp", ["w_wh"], ["w_wh1"]),
        helper.make_node("Mul", ["w_wh1", "w_stride"], ["w_wh2"]),
        helper.make_node("Mul", ["w_obj", "w_cls"], ["w_score"]),
        helper.make_node("Concat", ["w_xy2", "w_wh2", "w_score"], ["w_all"], axis=2),
        helper.make_node("Transpose", ["w_all"], ["w_out"], perm=[0, 2, 1]),
    ]
    constants = [numpy_helper.from_array(value, name) for name, value in values.items()]
    wrapped = helper.make_graph(
        [*before, *graph.node, *after], "wrapped",
        [helper.make_tensor_value_info("w_in", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("w_out", TensorProto.FLOAT, [1, 84, 3549])], [*graph.initializer, *constants],
    )  # fmt: skip
    result = helper.make_model(wrapped, opset_imports=opset, ir_version=8)
    names = {n: "person" if n == 0 else f"class{n}" for n in range(80)}
    for key, value in {"names": names, "task": "detect", "stride": 32, "imgsz": [SIDE, SIDE], "batch": 1}.items():
        entry = result.metadata_props.add()
        entry.key, entry.value = key, str(value)
    onnx.save(result, str(path))


RUNS = {"supervision time in zone": supervision_zone, "ultralytics track()": ultralytics_track}


def main() -> None:
    name, video, model, frames = sys.argv[1:5]
    cv2.setNumThreads(1)
    try:
        counts = RUNS[name](video, model, int(frames))
        next(counts)  # what is loaded on the first frame is not counted
        print("ready", flush=True)
        sys.stdin.readline()
        began, people = time.process_time(), list(counts)
        spent = time.process_time() - began
    except ImportError as error:
        print(json.dumps({"absent": str(error)}))
        return
    print(json.dumps({"ms": 1000 * spent / len(people), "frames": len(people), "people": float(np.mean(people))}))


if __name__ == "__main__":
    main()
