// Small forms in a dialog. Each resolves to what was filled in, or to null where it was closed.

import { el } from "./dom.js";
import { clock } from "./time.js";
import { TEXTS } from "./texts.js";

export function ask(title, fields, { submit, note } = {}) {
  const dialog = el("dialog", { "aria-labelledby": "ask-title", class: "ask" });
  const form = el(
    "form",
    { method: "dialog" },
    el("h2", { id: "ask-title" }, title),
    note && el("p", { class: "quiet" }, note),
    ...fields.map(([label, field]) => el("label", {}, el("span", {}, label), field)),
    el("div", { class: "buttons" }, el("button", { value: "yes", class: "primary" }, submit ?? TEXTS.ok), el("button", { value: "no", formnovalidate: true }, TEXTS.cancel, " ", el("kbd", {}, "Esc"))),
  );
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  fields[0]?.[1].focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const values = Object.fromEntries(fields.map(([, field]) => [field.name, field.value]));
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? values : null);
    });
  });
}

const choice = (name, pairs, attributes = {}) => el("select", { name, ...attributes }, ...pairs.map(([value, words]) => el("option", { value }, words)));

export function askShelving(alert, mostS) {
  const most = mostS[alert.severity] / 60;
  const minutes = [10, 30, 60, 120, 240, 480].filter((value) => value <= most);
  return ask(TEXTS.shelving.title(alert.rule_id, alert.zone_id ?? alert.camera_id), [
    [TEXTS.shelving.reason, el("input", { name: "reason", required: true, minlength: "3", maxlength: "500" })],
    [TEXTS.shelving.time, choice("minutes", (minutes.length ? minutes : [most]).map((value) => [value, TEXTS.minutes(value)]))],
  ], { submit: TEXTS.shelve, note: TEXTS.shelving.note(Math.round(most)) });
}

export function askHandOver() {
  return ask(TEXTS.handingOver.title, [
    [TEXTS.handingOver.to, el("input", { name: "to", required: true, maxlength: "200", autocomplete: "off" })],
    [TEXTS.note, el("input", { name: "note", maxlength: "2000" })],
  ], { submit: TEXTS.handOver });
}

// A zone to choose, of the camera that is chosen.
function zoneOf(site, camera, name, none) {
  const zone = choice(name, []);
  const fill = () => {
    const zones = Object.keys(site.cameras.find((one) => one.camera_id === camera.value)?.zones ?? {});
    zone.replaceChildren(el("option", { value: "" }, none), ...zones.map((one) => el("option", { value: one }, one)));
  };
  camera.addEventListener("change", fill);
  fill();
  return zone;
}

export function askByHand(site) {
  const camera = choice("camera_id", site.cameras.map((one) => [one.camera_id, one.name]));
  const zone = zoneOf(site, camera, "zone_id", TEXTS.byHand.noZone);
  return ask(TEXTS.byHand.title, [
    [TEXTS.byHand.what, el("input", { name: "note", required: true, maxlength: "500" })],
    [TEXTS.camera.one, camera],
    [TEXTS.byHand.zone, zone],
    [TEXTS.byHand.severity, choice("severity", Object.entries(TEXTS.severity))],
  ], { submit: TEXTS.byHand.submit, note: TEXTS.byHand.note });
}

export function askOverride(site) {
  const camera = choice("camera", [["", TEXTS.override.everywhere], ...site.cameras.map((one) => [one.camera_id, one.name])]);
  const calendar = site.calendars.length > 1 ? [[TEXTS.override.calendar, choice("calendar", site.calendars.map((name) => [name, name]))]] : [];
  return ask(TEXTS.override.title, [
    [TEXTS.override.kind, choice("kind", TEXTS.override.offered.map((kind) => [kind, TEXTS.override.kinds[kind]]))],
    ...calendar,
    [TEXTS.override.hours, choice("for_s", [[3600, TEXTS.hours(1)], [7200, TEXTS.hours(2)], [14400, TEXTS.hours(4)], [28800, TEXTS.hours(8)]])],
    [TEXTS.camera.one, camera],
    [TEXTS.byHand.zone, zoneOf(site, camera, "zone", TEXTS.override.allZones)],
    [TEXTS.override.who, el("input", { name: "who", required: true, maxlength: "200" })],
    [TEXTS.override.note, el("input", { name: "note", required: true, maxlength: "500" })],
  ], { submit: TEXTS.override.submit, note: TEXTS.override.explain });
}

// A list of things that can be ended one by one; `end` gets an item and is called again with what is left.
export function showList(title, items, words, end, empty) {
  const dialog = el("dialog", { "aria-labelledby": "list-title", class: "ask" });
  const list = el("ul", { class: "things" });
  const draw = (left) => list.replaceChildren(...(left.length ? left.map((item) => el("li", {}, el("span", {}, words(item)), end && el("button", { type: "button", onclick: async () => draw(await end(item)) }, TEXTS.endNow))) : [el("li", { class: "quiet" }, empty)]));
  draw(items);
  dialog.append(el("h2", { id: "list-title" }, title), list, el("form", { method: "dialog" }, el("button", {}, TEXTS.close, " ", el("kbd", {}, "Esc"))));
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

export const shelfWords = (shelf) => `${shelf.rule_id}, ${shelf.zone_id ?? shelf.camera_id}: ${shelf.reason} (${shelf.actor}, ${TEXTS.until(clock(shelf.until_utc))})`;
