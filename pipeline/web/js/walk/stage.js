// One camera's picture with what there is to reach, and the feet and heights of whoever stands there.

import { api } from "../api.js";
import { el } from "../dom.js";
import { WORDS } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const PICTURE_MS = 1500;
const STALE_MS = 3000;

function node(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export class Stage {
  constructor(site) {
    this.shapes = new Map(site.cameras.map((camera) => [camera.camera_id, camera]));
    this.img = el("img", { alt: "" });
    this.svg = node("svg", { role: "img" });
    this.people = el("p", { class: "walk-people", "aria-live": "off" });
    this.box = el("div", { class: "walk-stage" }, this.img, this.svg);
    this.element = el("div", {}, this.box, this.people);
    this.img.addEventListener("load", () => this.next());
    this.img.addEventListener("error", () => this.next());
    this.reached = new Set();
  }

  // Look at another camera.
  turn(camera) {
    if (camera === this.camera) return;
    this.camera = camera;
    this.sight = null;
    this.svg.setAttribute("aria-label", WORDS.picture(camera));
    this.fetch();
    this.draw();
  }

  see(sight) {
    if (sight.camera_id !== this.camera) return;
    this.sight = sight;
    this.box.style.setProperty("--aspect", `${sight.width} / ${sight.height}`);
    clearTimeout(this.stale);
    this.stale = setTimeout(() => ((this.sight = null), this.draw()), STALE_MS);
    this.draw();
  }

  tick(key) {
    this.reached.add(key);
    this.draw();
  }

  stop() {
    this.over = true;
    clearTimeout(this.timer);
    clearTimeout(this.stale);
  }

  next() {
    clearTimeout(this.timer);
    if (!this.over) this.timer = setTimeout(() => this.fetch(), PICTURE_MS);
  }

  fetch() {
    clearTimeout(this.timer);
    this.img.src = api.pictureUrl(this.camera, Date.now());
  }

  draw() {
    const [w, h] = [this.box.clientWidth || 320, this.box.clientHeight || 180];
    this.svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    const { zones = {}, lines = {} } = this.shapes.get(this.camera) ?? {};
    const drawn = [];
    const shape = (kind, name, points) => {
      const px = points.map(([x, y]) => [x * w, y * h]);
      const reached = this.reached.has(`${this.camera}/${kind}/${name}`);
      drawn.push(node(kind === "zone" ? "polygon" : "polyline", { points: px.map((p) => p.join(",")).join(" "), class: `target ${kind}${reached ? " reached" : ""}` }));
      drawn.push(node("text", { x: px[0][0] + 4, y: Math.max(14, px[0][1] - 4), class: "name" }, `${reached ? "✓ " : ""}${name}`));
    };
    for (const [name, zone] of Object.entries(zones)) shape("zone", name, zone.polygon);
    for (const [name, line] of Object.entries(lines)) shape("line", name, line.points);
    for (const { foot, height_px } of this.sight?.people ?? []) {
      const [x, y, tall] = [foot[0] * w, foot[1] * h, (height_px / this.sight.height) * h];
      drawn.push(node("line", { x1: x, y1: y, x2: x, y2: y - tall, class: "tall" }));
      drawn.push(node("circle", { cx: x, cy: y, r: 7, class: "foot" }));
      drawn.push(node("text", { x: x + 9, y: y - 4, class: "name" }, `${Math.round(height_px)} px`));
    }
    this.svg.replaceChildren(...drawn);
    const people = this.sight?.people ?? [];
    this.people.replaceChildren(...(people.length ? people.map((one) => {
      const [tall, rest] = WORDS.person(one.foot, one.height_px);
      return el("span", {}, el("b", {}, tall), rest);
    }) : [el("span", { class: "quiet" }, WORDS.nobody)]));
  }
}
