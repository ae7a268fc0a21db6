// What a change would have raised: counts, a slider of the threshold, and every alarm that comes or goes, drawn.

import { el } from "../dom.js";
import { both } from "../time.js";
import { WORDS } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const SHOWN = 12;

export function reportView(report, { picture, aspect, useThreshold }) {
  if (report.since_utc === null) return el("p", { class: "quiet" }, WORDS.nothing);
  if (!report.rules.length) return el("p", { class: "quiet" }, WORDS.same);
  return el("div", { class: "report", role: "status" }, ...report.rules.map((rule) => ruleView(rule, { picture, aspect, useThreshold })));
}

function ruleView(rule, how) {
  const changes = [
    rule.added.length ? el("span", { class: "plus" }, WORDS.added(rule.added.length)) : null,
    rule.removed.length ? el("span", { class: "minus" }, WORDS.gone(rule.removed.length)) : null,
  ];
  const drawn = [...rule.added.map((one) => thumb(one, "plus", how)), ...rule.removed.map((one) => thumb(one, "minus", how))];
  return el(
    "section",
    { class: "rule", "data-report": rule.rule_id },
    el("h3", {}, rule.rule_id, ...changes),
    el("p", { class: "big" }, WORDS.wouldHave(rule.then, rule.now)),
    rule.curve.length ? slider(rule, how.useThreshold) : null,
    el("div", { class: "thumbs" }, ...drawn.slice(0, SHOWN)),
  );
}

function slider(rule, useThreshold) {
  const own = rule.curve.findIndex(([, alarms]) => alarms === rule.then);
  const told = el("output", {}, "");
  const input = el("input", { type: "range", min: 0, max: rule.curve.length - 1, step: 1, value: own < 0 ? 4 : own, "aria-label": WORDS.fields[rule.curve_key] });
  const use = el("button", { type: "button", class: "plain", onclick: () => useThreshold(rule.rule_id, rule.curve_key, rule.curve[input.value][0]) }, WORDS.useIt);
  const say = () => (told.textContent = WORDS.curve(...rule.curve[input.value]));
  input.addEventListener("input", say);
  say();
  return el("div", { class: "fields" }, el("label", { class: "wide" }, WORDS.fields[rule.curve_key], input), el("span", { class: "wide" }, told, use));
}

function thumb(alarm, sign, { picture, aspect }) {
  const [w, h] = [160, 160 / aspect];
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${alarm.rule_id} ${both(alarm.utc)}`);
  if (picture) add(svg, "image", { href: picture, width: w, height: h });
  const points = alarm.trail.map(([x, y]) => `${(x * w).toFixed(1)},${(y * h).toFixed(1)}`).join(" ");
  add(svg, "polyline", { points, class: "trail" });
  const last = alarm.trail[alarm.trail.length - 1];
  if (last) add(svg, "circle", { cx: last[0] * w, cy: last[1] * h, r: 3.5, class: "handle" });
  const caption = el("figcaption", {}, el("span", { class: sign }, sign === "plus" ? "+ " : "− "), both(alarm.utc));
  return el("figure", {}, svg, caption);
}

function add(svg, name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  svg.append(made);
}
