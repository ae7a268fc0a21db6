// Form fields that write straight into a plain object; an empty one takes its key away.

import { el } from "../dom.js";
import { WORDS } from "./texts.js";

const words = (key) => WORDS.fields[key] ?? key;

export function number(target, key, done, { step = "any", min = 0, mayEdit = true } = {}) {
  const input = el("input", { type: "number", step, min, value: target[key] ?? "", disabled: !mayEdit });
  input.addEventListener("change", () => done((t) => (input.value === "" ? delete t[key] : (t[key] = Number(input.value)))));
  return el("label", {}, words(key), input);
}

export function text(target, key, done, { mayEdit = true, wide = false } = {}) {
  const input = el("input", { type: "text", value: target[key] ?? "", maxlength: 200, disabled: !mayEdit });
  input.addEventListener("change", () => done((t) => (input.value.trim() ? (t[key] = input.value.trim()) : delete t[key])));
  return el("label", { class: wide ? "wide" : null }, words(key), input);
}

export function tick(target, key, done, { mayEdit = true } = {}) {
  const input = el("input", { type: "checkbox", checked: target[key] === true, disabled: !mayEdit });
  input.addEventListener("change", () => done((t) => (input.checked ? (t[key] = true) : delete t[key])));
  return el("label", { class: "tick" }, input, words(key));
}

export function choice(target, key, options, done, { mayEdit = true, empty = true } = {}) {
  const all = empty ? ["", ...options] : options;
  const select = el("select", { disabled: !mayEdit }, ...all.map((one) => el("option", { value: one, selected: (target[key] ?? "") === one }, WORDS.choice[one] ?? one)));
  select.addEventListener("change", () => done((t) => (select.value ? (t[key] = select.value) : delete t[key])));
  return el("label", {}, words(key), select);
}

export function lines(label, value, done, { mayEdit = true, rows = 3 } = {}) {
  const area = el("textarea", { rows, disabled: !mayEdit });
  area.value = value;
  area.addEventListener("change", () => done(area.value.split("\n").map((one) => one.trim()).filter(Boolean)));
  return el("label", { class: "wide" }, label, area);
}
