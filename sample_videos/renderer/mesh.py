"""Surfaces of distance fields, and the distance that everything is grown from."""

from __future__ import annotations

import numpy as np


def cone(p, a, b, ra, rb, squash=(1.0, 1.0, 1.0)):
    """Distance to a cone with round ends between `a` and `b`; `squash` scales the axes first (about exact)."""
    k = np.array(squash, float)
    p, a, b = p / k, np.asarray(a, float) / k, np.asarray(b, float) / k
    axis = b - a
    t = np.clip(((p - a) @ axis) / (axis @ axis + 1e-12), 0, 1)
    return (np.linalg.norm(p - a - t[:, None] * axis, axis=1) - (ra + (rb - ra) * t)) * k.min()


def join(distances, k):
    """Smooth minimum (polynomial, after Quilez): no crease where limbs meet."""
    out = distances[0]
    for d in distances[1:]:
        h = np.clip(0.5 + 0.5 * (d - out) / k, 0, 1)
        out = d * (1 - h) + out * h - k * h * (1 - h)
    return out


def surface(distance, low, high, step):
    """The zero surface of a distance field by surface nets (Gibson 1998): corners (V, 3), outward triangles (T, 3)."""
    low, high = np.array(low, float), np.array(high, float)
    shape = np.ceil((high - low) / step).astype(int) + 1
    grid = np.stack(np.meshgrid(*(low[i] + step * np.arange(shape[i]) for i in range(3)), indexing="ij"), -1)
    field_ = distance(grid.reshape(-1, 3)).reshape(shape)
    inside = field_ < 0
    nx, ny, nz = shape - 1
    corners = [inside[i : nx + i, j : ny + j, k : nz + k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    count = np.sum(corners, 0)
    cell = (count > 0) & (count < 8)
    number = np.full(cell.shape, -1)
    number[cell] = np.arange(cell.sum())
    total, hits = np.zeros((*cell.shape, 3)), np.zeros(cell.shape)
    for axis in range(3):
        for i in (0, 1):
            for j in (0, 1):
                start = [0, 0, 0]
                others = [a for a in range(3) if a != axis]
                start[others[0]], start[others[1]] = i, j
                a = tuple(slice(s, s + n - 1) for s, n in zip(start, shape, strict=True))
                end = list(start)
                end[axis] += 1
                b = tuple(slice(s, s + n - 1) for s, n in zip(end, shape, strict=True))
                fa, fb = field_[a], field_[b]
                crossing = (fa < 0) != (fb < 0)
                t = np.where(crossing, fa / np.where(crossing, fa - fb, 1), 0)
                point = np.broadcast_to(np.array(start, float), (*cell.shape, 3)).copy()
                point[..., axis] += t
                total += point * crossing[..., None]
                hits += crossing
    index = np.argwhere(cell)
    points = low + step * (index + total[cell] / hits[cell][:, None])
    faces = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        a = [slice(1, n - 1) for n in shape]
        b = list(a)
        a[axis], b[axis] = slice(0, shape[axis] - 1), slice(1, shape[axis])
        fa, fb = inside[tuple(a)], inside[tuple(b)]
        edges = np.argwhere(fa != fb)
        if not len(edges):
            continue
        flip = fa[fa != fb]
        base = edges.copy()
        base[:, u] += 1
        base[:, v] += 1
        quad = []
        for du, dv in ((-1, -1), (0, -1), (0, 0), (-1, 0)):
            c = base.copy()
            c[:, u] += du
            c[:, v] += dv
            quad.append(number[tuple(c.T)])
        q = np.stack(quad, 1)
        q[~flip] = q[~flip][:, ::-1]
        faces.append(np.concatenate((q[:, [0, 1, 2]], q[:, [0, 2, 3]])))
    return points, np.concatenate(faces).astype(np.int32)


def gradient(distance, points):
    e = 0.004
    g = np.stack([distance(points + e * np.eye(3)[i]) - distance(points - e * np.eye(3)[i]) for i in range(3)], 1)
    return g / np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-9)
