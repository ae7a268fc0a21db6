// Alerts in each ten minutes, with the limits of EEMUA 191. A drawing of numbers: nothing in it moves.

import { SHIFT as T } from "./texts.js";
import { clock } from "./time.js";

const WIDTH = 1200;
const HEIGHT = 220;
const LEFT = 34;
const BOTTOM = 24;
const FLOOD = 10;

export function loadPlot({ since_utc: since, load }) {
  const { bins, bin_s: binS } = load;
  const most = Math.max(FLOOD + 2, ...bins);
  const height = (n) => ((HEIGHT - BOTTOM - 8) * n) / most;
  const step = (WIDTH - LEFT) / bins.length;
  const svg = shape("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": T.plotLabel(bins.reduce((a, b) => a + b, 0), load.most_in_10_min) });
  bins.forEach((n, at) => {
    if (!n) return;
    const bar = shape("rect", { x: LEFT + at * step + step * 0.1, y: HEIGHT - BOTTOM - height(n), width: Math.max(1, step * 0.8), height: height(n), class: n >= FLOOD ? "flooded" : n > 1 ? "demanding" : "" });
    const title = shape("title", {});
    title.textContent = `${clock(since + at * binS)}: ${n}`;
    bar.append(title);
    svg.append(bar);
  });
  for (const n of [1, FLOOD]) {
    const y = HEIGHT - BOTTOM - height(n);
    svg.append(shape("line", { x1: LEFT, x2: WIDTH, y1: y, y2: y }), words(String(n), 4, y + 4));
  }
  const every = Math.max(1, Math.ceil(bins.length / 12));
  for (let at = 0; at < bins.length; at += every) svg.append(words(clock(since + at * binS).slice(0, 5), LEFT + at * step, HEIGHT - 6));
  return svg;
}

function shape(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function words(text, x, y) {
  const node = shape("text", { x, y });
  node.textContent = text;
  return node;
}
