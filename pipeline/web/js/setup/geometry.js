// Plane geometry of what is drawn: points are [x, y] in [0, 1] of the picture.

const cross = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);

function between(p, a, b) {
  return Math.min(a[0], b[0]) <= p[0] && p[0] <= Math.max(a[0], b[0]) && Math.min(a[1], b[1]) <= p[1] && p[1] <= Math.max(a[1], b[1]);
}

export function meet(a, b, c, d) {
  const [p, q, r, s] = [cross(c, d, a), cross(c, d, b), cross(a, b, c), cross(a, b, d)];
  if (((p > 0 && q < 0) || (p < 0 && q > 0)) && ((r > 0 && s < 0) || (r < 0 && s > 0))) return true;
  return (p === 0 && between(a, c, d)) || (q === 0 && between(b, c, d)) || (r === 0 && between(c, a, b)) || (s === 0 && between(d, a, b));
}

export function selfCrossing(points, closed) {
  const n = points.length;
  const sides = closed ? n : n - 1;
  for (let i = 0; i < sides; i += 1) {
    for (let j = i + 1; j < sides; j += 1) {
      const neighbours = j === i + 1 || (closed && i === 0 && j === sides - 1);
      if (!neighbours && meet(points[i], points[(i + 1) % n], points[j], points[(j + 1) % n])) return true;
    }
  }
  return false;
}

export function area(points) {
  return Math.abs(points.reduce((sum, p, i) => sum + cross([0, 0], p, points[(i + 1) % points.length]), 0)) / 2;
}

export function middle(points) {
  return [0, 1].map((axis) => points.reduce((sum, p) => sum + p[axis], 0) / points.length);
}

export function inside(point, points) {
  let odd = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i, i += 1) {
    const [a, b] = [points[i], points[j]];
    if (a[1] > point[1] !== b[1] > point[1] && point[0] < ((b[0] - a[0]) * (point[1] - a[1])) / (b[1] - a[1]) + a[0]) odd = !odd;
  }
  return odd;
}

export const extent = (points) => {
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
};
