// The picture on which zones, lines, masks and ignored areas are drawn.

import { middle } from "./geometry.js";
import { lint } from "./lint.js";
import { WORDS } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const SNAP_PX = 9;
const NUDGE = 0.002;
const OPEN = new Set(["line", "corridor"]);

function node(name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

class ZoneEditor extends HTMLElement {
  connectedCallback() {
    if (this.svg) return;
    this.className = "stage";
    this.img = document.createElement("img");
    this.img.alt = "";
    this.img.hidden = true;
    this.missing = Object.assign(document.createElement("p"), { className: "missing", textContent: WORDS.noPicture });
    this.canvas = document.createElement("canvas");
    this.canvas.hidden = true;
    this.svg = node("svg", { tabindex: "0", role: "application" });
    this.append(this.missing, this.img, this.canvas, this.svg);
    this.tool = "select";
    this.draft = [];
    this.corner = null;
    this.svg.addEventListener("pointerdown", (event) => this.down(event));
    this.svg.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, () => this.up());
    this.svg.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this);
  }

  edit(model, { mayEdit }) {
    this.model = model;
    this.mayEdit = mayEdit;
    this.draft = [];
    this.corner = null;
    this.svg.setAttribute("aria-label", WORDS.picture(model.cameraId));
    for (const name of ["changed", "chosen"]) model.addEventListener(name, () => this.model === model && this.draw());
    this.draw();
  }

  show(address, width, height) {
    this.img.hidden = !address;
    this.missing.hidden = Boolean(address);
    if (address) this.img.src = address;
    if (width && height) this.style.setProperty("--aspect", `${width} / ${height}`);
  }

  heat(past) {
    this.past = past;
    const { columns, rows, heat } = past;
    this.canvas.width = columns;
    this.canvas.height = rows;
    const pen = this.canvas.getContext("2d");
    const most = Math.log1p(Math.max(1, ...heat.flat()));
    heat.forEach((row, y) => row.forEach((count, x) => {
      if (!count) return;
      pen.fillStyle = `hsl(${200 - 170 * (Math.log1p(count) / most)} 90% 55%)`;
      pen.fillRect(x, y, 1, 1);
    }));
    this.draw();
  }

  // Heat map and usual ways, or neither.
  underneath(on) {
    this.canvas.hidden = !on;
    this.ways = on;
    this.draw();
  }

  use(tool) {
    this.tool = this.mayEdit ? tool : "select";
    this.draft = [];
    if (this.tool !== "select") this.model.choose(null);
    this.draw();
    this.dispatchEvent(new CustomEvent("tool", { detail: this.tool }));
    this.svg.focus();
  }

  get size() {
    return [this.clientWidth || 1, this.clientHeight || 1];
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    return this.snapped([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  }

  // To the picture's edges and to corners that are near.
  snapped(point) {
    const [w, h] = this.size;
    const at = point.map((value, axis) => {
      const near = SNAP_PX / (axis ? h : w);
      return value < near ? 0 : value > 1 - near ? 1 : value;
    });
    for (const shape of this.model.shapes()) {
      for (const [i, corner] of shape.points.entries()) {
        if (shape.key === this.model.chosen && i === this.corner) continue;
        if (Math.hypot((corner[0] - at[0]) * w, (corner[1] - at[1]) * h) < SNAP_PX) return [...corner];
      }
    }
    return at;
  }

  down(event) {
    if (event.button) return;
    this.svg.focus();
    const { dataset } = event.target;
    if (this.tool !== "select") return this.place(this.point(event), event.detail);
    if (dataset.corner !== undefined) this.grab(Number(dataset.corner), event);
    else if (dataset.between !== undefined) this.insert(Number(dataset.between), this.point(event), event);
    else if (dataset.key) {
      this.corner = null;
      this.model.choose(dataset.key);
      if (this.mayEdit) this.drag = { from: this.raw(event), points: this.model.shape(dataset.key).points, id: Date.now() };
      this.svg.setPointerCapture(event.pointerId);
    } else this.model.choose(null);
    this.draw();
  }

  raw(event) {
    const box = this.svg.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  place(point, clicks) {
    const [w, h] = this.size;
    const [first] = this.draft;
    const back = first && Math.hypot((first[0] - point[0]) * w, (first[1] - point[1]) * h) < SNAP_PX;
    if ((back && this.draft.length > 2) || clicks > 1) return this.finish();
    this.draft.push(point);
    this.draw();
  }

  finish() {
    const needed = OPEN.has(this.tool) ? 2 : 3;
    if (this.draft.length < needed) return;
    const [kind, points] = [this.tool, this.draft];
    this.use("select");
    this.model.addShape(kind, points);
  }

  grab(corner, event) {
    this.corner = corner;
    if (this.mayEdit) this.drag = { corner, id: Date.now() };
    this.svg.setPointerCapture(event.pointerId);
  }

  insert(after, point, event) {
    const points = [...this.model.shape(this.model.chosen).points];
    points.splice(after + 1, 0, point);
    this.model.setPoints(this.model.chosen, points);
    this.grab(after + 1, event);
  }

  move(event) {
    if (this.draft.length) {
      this.hover = this.point(event);
      return this.draw();
    }
    if (!this.drag || !this.model.chosen) return;
    const { corner, from, points, id } = this.drag;
    if (corner !== undefined) {
      const moved = [...this.model.shape(this.model.chosen).points];
      moved[corner] = this.point(event);
      return this.model.setPoints(this.model.chosen, moved, id);
    }
    const at = this.raw(event);
    this.shift(points, at[0] - from[0], at[1] - from[1], id);
  }

  // A whole shape moves as far as it stays in the picture.
  shift(points, dx, dy, run) {
    const room = (axis, by) => Math.max(-Math.min(...points.map((p) => p[axis])), Math.min(1 - Math.max(...points.map((p) => p[axis])), by));
    const [x, y] = [room(0, dx), room(1, dy)];
    this.model.setPoints(this.model.chosen, points.map((p) => [p[0] + x, p[1] + y]), run);
  }

  up() {
    this.drag = null;
  }

  key(event) {
    const { key, shiftKey, ctrlKey, metaKey } = event;
    if ((ctrlKey || metaKey) && key.toLowerCase() === "z") shiftKey ? this.model.redo() : this.model.undo();
    else if ((ctrlKey || metaKey) && key.toLowerCase() === "y") this.model.redo();
    else if (ctrlKey || metaKey || event.altKey) return;
    else if (key === "Enter" && this.draft.length) this.finish();
    else if (key === "Backspace" && this.draft.length) (this.draft.pop(), this.draw());
    else if (key === "Escape") (this.tool === "select" ? this.model.choose(null) : this.use("select"));
    else if ((key === "Delete" || key === "Backspace") && this.model.chosen && this.mayEdit) this.take();
    else if (key.startsWith("Arrow") && this.model.chosen && this.mayEdit) this.nudge(key.slice(5), shiftKey ? 10 : 1);
    else if (key === "Tab" && this.model.chosen) return this.next(event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Tab goes from corner to corner of the chosen shape, and out behind the last one.
  next(event) {
    const count = this.model.shape(this.model.chosen).points.length;
    const to = this.corner === null ? (event.shiftKey ? -1 : 0) : this.corner + (event.shiftKey ? -1 : 1);
    this.corner = to < 0 || to >= count ? null : to;
    if (this.corner === null) return;
    event.preventDefault();
    this.draw();
  }

  nudge(way, times) {
    const by = { Left: [-1, 0], Right: [1, 0], Up: [0, -1], Down: [0, 1] }[way].map((value) => value * NUDGE * times);
    const { points } = this.model.shape(this.model.chosen);
    const run = `nudge ${this.model.chosen} ${this.corner}`;
    if (this.corner === null) return this.shift(points, ...by, run);
    this.model.setPoints(this.model.chosen, points.map((p, i) => (i === this.corner ? [p[0] + by[0], p[1] + by[1]] : p)), run);
  }

  take() {
    const shape = this.model.shape(this.model.chosen);
    const least = OPEN.has(shape.kind) ? 2 : 3;
    if (this.corner !== null && shape.points.length > least) {
      this.model.setPoints(shape.key, shape.points.filter((_, i) => i !== this.corner));
      this.corner = null;
    } else if (shape.kind !== "corridor") this.model.removeShape(shape.key);
  }

  draw() {
    if (!this.model) return;
    const [w, h] = this.size;
    this.svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    const px = ([x, y]) => `${(x * w).toFixed(1)},${(y * h).toFixed(1)}`;
    const drawn = this.ways ? (this.past?.paths ?? []).map((way) => node("polyline", { points: way.map(px).join(" "), class: "way" })) : [];
    for (const shape of this.model.shapes()) {
      const chosen = shape.key === this.model.chosen;
      const faulty = lint(shape, this.past, w / h).length > 0;
      const kind = OPEN.has(shape.kind) ? "polyline" : "polygon";
      drawn.push(node(kind, { points: shape.points.map(px).join(" "), class: `shape ${shape.kind}${chosen ? " chosen" : ""}${faulty ? " faulty" : ""}`, "data-key": shape.key }));
      if (shape.kind === "line") drawn.push(...this.arrow(shape.points, w, h));
      if (shape.name) drawn.push(this.label(shape, w, h));
    }
    const chosen = this.model.chosen && this.tool === "select" ? this.model.shape(this.model.chosen) : null;
    if (chosen && this.mayEdit) drawn.push(...this.handles(chosen, w, h));
    if (this.draft.length) {
      const points = this.hover ? [...this.draft, this.hover] : this.draft;
      drawn.push(node("polyline", { points: points.map(px).join(" "), class: `shape ${this.tool} chosen` }));
      this.draft.forEach(([x, y]) => drawn.push(node("circle", { cx: x * w, cy: y * h, r: 4, class: "handle" })));
    }
    this.svg.replaceChildren(...drawn);
  }

  label(shape, w, h) {
    const [x, y] = middle(shape.points);
    const text = node("text", { x: x * w, y: y * h, class: "label", "text-anchor": "middle" });
    text.textContent = shape.name;
    return text;
  }

  // The way of a line, and which side is left of it.
  arrow(points, w, h) {
    const [a, b] = [points[points.length - 2], points[points.length - 1]].map(([x, y]) => [x * w, y * h]);
    const angle = Math.atan2(b[1] - a[1], b[0] - a[0]);
    const tip = [2.6, -2.6].map((turn) => `${b[0] + 14 * Math.cos(angle + turn)},${b[1] + 14 * Math.sin(angle + turn)}`);
    const [mx, my] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const side = (letter, turn) => {
      const text = node("text", { x: mx + 16 * Math.cos(angle + turn), y: my + 16 * Math.sin(angle + turn) + 5, class: "label", "text-anchor": "middle" });
      text.textContent = letter;
      return text;
    };
    return [node("polyline", { points: `${tip[0]} ${b[0]},${b[1]} ${tip[1]}`, class: "shape line" }), side("L", -Math.PI / 2), side("R", Math.PI / 2)];
  }

  handles(shape, w, h) {
    const made = [];
    const { points } = shape;
    const sides = OPEN.has(shape.kind) ? points.length - 1 : points.length;
    for (let i = 0; i < sides; i += 1) {
      const [a, b] = [points[i], points[(i + 1) % points.length]];
      made.push(node("circle", { cx: ((a[0] + b[0]) / 2) * w, cy: ((a[1] + b[1]) / 2) * h, r: 5, class: "handle middle", "data-between": i }));
    }
    points.forEach(([x, y], i) => made.push(node("circle", { cx: x * w, cy: y * h, r: 7, class: `handle${i === this.corner ? " chosen" : ""}`, "data-corner": i })));
    return made;
  }
}

customElements.define("zone-editor", ZoneEditor);
