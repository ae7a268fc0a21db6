// What is odd about a drawn shape, before anything is saved: the site's own check comes on top.

import { area, extent, inside, meet, selfCrossing } from "./geometry.js";
import { WORDS } from "./texts.js";

const ROOM = 0.5; // body heights: a zone smaller than that holds nobody

export function lint(shape, past, aspect) {
  const { points, kind } = shape;
  const closed = kind !== "line" && kind !== "corridor";
  if (closed && points.length < 3) return [WORDS.lint.fault];
  if (!closed && points.length < 2) return [WORDS.lint.line];
  const found = [];
  if (selfCrossing(points, closed)) found.push(WORDS.lint.crossing);
  if (closed && area(points) < 1e-5) found.push(WORDS.lint.thin);
  if (!past || (kind !== "zone" && kind !== "line")) return found;
  const tall = heightAt(past, extent(points).bottom);
  const { left, right, top, bottom } = extent(points);
  const room = tall ? Math.max((right - left) * aspect, bottom - top) / tall : Infinity;
  if (kind === "zone" && room < ROOM) found.push(WORDS.lint.small(room.toFixed(1)));
  if (past.tracks > 20 && !reached(past, shape)) found.push(WORDS.lint.feet);
  return found;
}

function heightAt(past, y) {
  const row = Math.min(past.rows - 1, Math.floor(y * past.rows));
  for (let away = 0; away < past.rows; away += 1) {
    const known = past.height_of_row[row - away] ?? past.height_of_row[row + away];
    if (known) return known;
  }
  return null;
}

function reached(past, { points, kind }) {
  for (let row = 0; row < past.rows; row += 1) {
    for (let column = 0; column < past.columns; column += 1) {
      if (!past.heat[row][column]) continue;
      const [x, y] = [(column + 0.5) / past.columns, (row + 0.5) / past.rows];
      if (kind === "zone" ? inside([x, y], points) : touches(x, y, past, points)) return true;
    }
  }
  return kind === "zone" && area(points) < 4 / (past.rows * past.columns);
}

function touches(x, y, past, points) {
  const [w, h] = [1 / past.columns, 1 / past.rows];
  const corners = [[x - w, y - h], [x + w, y - h], [x + w, y + h], [x - w, y + h]];
  return points.slice(1).some((b, i) => corners.some((c, k) => meet(points[i], b, c, corners[(k + 1) % 4])) || inside(b, corners));
}
