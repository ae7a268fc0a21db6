"""Compiled kernels: triangles into depth pictures, and light onto points. Everything else is plain numpy."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

FAR = np.float32(1e9)


def blank(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]:
    """An empty picture: depth float32 (H, W) all far, triangle int32 (H, W) all -1, weights float32 (H, W, 2)."""
    return (
        np.full((height, width), FAR, np.float32),
        np.full((height, width), -1, np.int32),
        np.zeros((height, width, 2), np.float32),
    )


@njit(cache=True, fastmath=False)
def draw(points, triangles, cut, uv, depth, index, weights, perspective):
    """Draw triangles with a z-buffer.

    `points` float64 (V, 3): x px, y px, depth. `triangles` int32 (T, 3). `cut` uint8 (T,): 1 where the triangle is
    wire netting, of which only the wires of `uv` float64 (V, 2, metres) are drawn. `weights` are the perspective-
    correct weights of the second and third corner. Triangles that reach behind the camera are left out.
    """
    height, width = depth.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        za, zb, zc = points[a, 2], points[b, 2], points[c, 2]
        if perspective and (za < 0.15 or zb < 0.15 or zc < 0.15):
            continue
        xa, ya = points[a, 0], points[a, 1]
        xb, yb = points[b, 0], points[b, 1]
        xc, yc = points[c, 0], points[c, 1]
        area = (xb - xa) * (yc - ya) - (xc - xa) * (yb - ya)
        if abs(area) < 1e-9:
            continue
        x0 = max(0, int(np.ceil(min(xa, xb, xc) - 0.5)))
        x1 = min(width - 1, int(np.floor(max(xa, xb, xc) - 0.5)))
        y0 = max(0, int(np.ceil(min(ya, yb, yc) - 0.5)))
        y1 = min(height - 1, int(np.floor(max(ya, yb, yc) - 0.5)))
        for y in range(y0, y1 + 1):
            py = y + 0.5
            for x in range(x0, x1 + 1):
                px = x + 0.5
                wb = ((px - xa) * (yc - ya) - (xc - xa) * (py - ya)) / area
                wc = ((xb - xa) * (py - ya) - (px - xa) * (yb - ya)) / area
                wa = 1.0 - wb - wc
                if wa < -1e-7 or wb < -1e-7 or wc < -1e-7:
                    continue
                if perspective:
                    inverse = wa / za + wb / zb + wc / zc
                    z = 1.0 / inverse
                    wb = wb / zb * z
                    wc = wc / zc * z
                else:
                    z = wa * za + wb * zb + wc * zc
                if z >= depth[y, x]:
                    continue
                if cut[t] == 1:
                    u = (1.0 - wb - wc) * uv[a, 0] + wb * uv[b, 0] + wc * uv[c, 0]
                    v = (1.0 - wb - wc) * uv[a, 1] + wb * uv[b, 1] + wc * uv[c, 1]
                    p = (u + v) / 0.075
                    q = (u - v) / 0.075
                    if abs(p - np.round(p)) > 0.055 and abs(q - np.round(q)) > 0.055:
                        continue
                depth[y, x] = z
                index[y, x] = t
                weights[y, x, 0] = wb
                weights[y, x, 1] = wc


@njit(cache=True, parallel=True)
def lit_share(points, normals, maps, frames, bias, taps):
    """Share of each light that reaches each point: float32 (N, K), 0 in shadow.

    Light k looks along `frames[k, 2]`; `frames[k, 0]` and `[k, 1]` hold axis, offset and texels per metre, so that
    texel = (p . axis + offset) * scale. Points are first moved `bias` metres along their normal; outside a map there is
    light.
    Texels within `taps` of it are compared too (percentage-closer filtering, Reeves et al., SIGGRAPH 1987).
    """
    n, k = points.shape[0], maps.shape[0]
    out = np.zeros((n, k), np.float32)
    size_y, size_x = maps.shape[1], maps.shape[2]
    for i in prange(n):
        x = points[i, 0] + normals[i, 0] * bias
        y = points[i, 1] + normals[i, 1] * bias
        z = points[i, 2] + normals[i, 2] * bias
        for j in range(k):
            u = (x * frames[j, 0, 0] + y * frames[j, 0, 1] + z * frames[j, 0, 2] + frames[j, 0, 3]) * frames[j, 0, 4]
            v = (x * frames[j, 1, 0] + y * frames[j, 1, 1] + z * frames[j, 1, 2] + frames[j, 1, 3]) * frames[j, 1, 4]
            w = x * frames[j, 2, 0] + y * frames[j, 2, 1] + z * frames[j, 2, 2]
            cu, cv = int(np.floor(u)), int(np.floor(v))
            lit = 0.0
            for dv in range(-taps, taps + 1):
                for du in range(-taps, taps + 1):
                    mu, mv = cu + du, cv + dv
                    if mu < 0 or mv < 0 or mu >= size_x or mv >= size_y or w <= maps[j, mv, mu] + bias:
                        lit += 1.0
            out[i, j] = lit / ((2 * taps + 1) * (2 * taps + 1))
    return out


@njit(cache=True)
def blend(depth, triangle, weights, values, out):
    """Values at corners, float (T, 3, C), blended over the covered pixels into `out` (H, W, C)."""
    height, width = depth.shape
    for y in range(height):
        for x in range(width):
            t = triangle[y, x]
            if t < 0:
                continue
            b, c = weights[y, x, 0], weights[y, x, 1]
            for k in range(values.shape[2]):
                out[y, x, k] = (1.0 - b - c) * values[t, 0, k] + b * values[t, 1, k] + c * values[t, 2, k]


@njit(cache=True)
def _lattice(i, j, seed):
    """A number in [0, 1) for a lattice point: an integer mixer after Wellons' `triple32` idea, small constants ours."""
    h = (i * 374761393 + j * 668265263 + seed * 2246822519) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 2654435761) & 0xFFFFFFFF
    return ((h ^ (h >> 15)) & 0xFFFFFF) / 16777216.0


@njit(cache=True, parallel=True)
def value_noise(x, y, octaves, seed):
    """Fractal value noise in about [0, 1], float32 (N,), at points whose first octave has period 1."""
    out = np.zeros(x.shape[0], np.float32)
    for i in prange(x.shape[0]):
        px, py, amplitude, total = x[i], y[i], 0.5, 0.0
        for octave in range(octaves):
            fx, fy = np.floor(px), np.floor(py)
            ix, iy = int(fx), int(fy)
            u, v = px - fx, py - fy
            u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
            low = _lattice(ix, iy, seed + octave) * (1 - u) + _lattice(ix + 1, iy, seed + octave) * u
            high = _lattice(ix, iy + 1, seed + octave) * (1 - u) + _lattice(ix + 1, iy + 1, seed + octave) * u
            total += amplitude * (low * (1 - v) + high * v)
            amplitude *= 0.5
            px, py = px * 2.03 + 17.1, py * 2.03 + 5.3
        out[i] = total / (1 - 0.5**octaves)
    return out
