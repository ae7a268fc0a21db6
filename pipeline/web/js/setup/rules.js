// The rules of a camera as forms: what each kind needs, in the words of the site file.

import { el } from "../dom.js";
import { choice, lines, number, text, tick } from "./fields.js";
import { WORDS } from "./texts.js";

const NEW = {
  loitering: (zone) => ({ kind: "loitering", zone, dwell_s: 60 }),
  after_hours: (zone, calendar) => ({ kind: "after_hours", ...(zone ? { zone } : {}), ...(calendar ? { calendar } : { always: true }) }),
  unusual_route: () => ({ kind: "unusual_route", false_alarms_per_week: 1 }),
  line_crossing: (zone, calendar, line) => ({ kind: "line_crossing", line, direction: "both" }),
  occupancy: (zone) => ({ kind: "occupancy", zone, over: 5, for_s: 10 }),
};

export function rulesForm(model, calendars, { mayEdit }) {
  const { rules = [], zones = {}, lines: drawn = {} } = model.values;
  const known = { zones: Object.keys(zones), lines: Object.keys(drawn), calendars };
  const forms = rules.map((rule, index) => form(model, rule, index, known, mayEdit));
  return el("div", {}, ...(forms.length ? forms : [el("p", { class: "quiet" }, WORDS.noRules)]), mayEdit ? adding(model, known) : null);
}

function form(model, rule, index, known, mayEdit) {
  const before = (model.saved.rules ?? []).find((one) => one.id === rule.id);
  const changed = JSON.stringify(before) !== JSON.stringify(rule);
  const done = (edit) => model.change((values) => edit(values.rules[index]));
  const remove = mayEdit ? el("button", { type: "button", class: "plain", onclick: () => model.change((values) => values.rules.splice(index, 1)) }, WORDS.remove) : null;
  return el(
    "section",
    { class: `rule${changed ? " changed" : ""}`, "data-rule": rule.id },
    el("h3", {}, WORDS.rule[rule.kind] ?? rule.kind, way(rule) ? el("span", { class: "quiet" }, way(rule)) : null, remove),
    el("div", { class: "fields" }, ...own(rule, known, done, mayEdit), ...shared(rule, known, done, mayEdit)),
  );
}

function own(rule, { zones, lines: drawn, calendars }, done, mayEdit) {
  const how = { mayEdit };
  const n = (key, more = {}) => number(rule, key, done, { ...how, ...more });
  const c = (key, options, empty = true) => choice(rule, key, options, done, { ...how, empty });
  const id = text(rule, "id", done, how);
  switch (rule.kind) {
    case "loitering":
      return [id, c("zone", zones, false), n("dwell_s"), n("grace_s"), n("bridge_s"), c("mode", ["continuous", "cumulative"]), ...(rule.mode === "cumulative" ? [n("window_s")] : []), n("radius_bh"), n("min_people", { step: 1, min: 1 }), n("closed_dwell_s"), c("calendar", calendars)];
    case "after_hours":
      return [id, c("zone", zones), c("calendar", calendars), tick(rule, "always", done, how), n("min_presence_s"), n("straggler_grace_s")];
    case "line_crossing":
      return [id, c("line", drawn, false), c("direction", ["both", "left", "right"], false)];
    case "occupancy":
      return [id, c("zone", zones, false), n("over", { step: 1 }), n("under", { step: 1, min: 1 }), n("for_s")];
    default:
      return [id, ...route(rule, done, how)];
  }
}

function route(rule, done, how) {
  if (rule.corridor) {
    const corridor = (edit) => done((one) => edit(one.corridor));
    return [number(rule.corridor, "width_bh", corridor, how), number(rule, "off_s", done, how)];
  }
  if (rule.sequence) return [number(rule, "within_s", done, how), lines(WORDS.fields.sequence, rule.sequence.join("\n"), (all) => done((one) => (one.sequence = all)), how)];
  if (rule.forbidden) {
    const shown = rule.forbidden.map((pair) => pair.join(" > ")).join("\n");
    return [lines(WORDS.fields.forbidden, shown, (all) => done((one) => (one.forbidden = all.map((line) => line.split(">").map((zone) => zone.trim())))), how)];
  }
  return [number(rule, "false_alarms_per_week", done, how), tick(rule, "trial", done, how)];
}

function shared(rule, { calendars }, done, mayEdit) {
  const how = { mayEdit };
  const when = choice(rule.active ?? {}, "when", ["open", "closed"], (edit) => done((one) => activeOf(one, edit, calendars)), how);
  const calendar = rule.active ? choice(rule.active, "calendar", calendars, (edit) => done((one) => edit(one.active)), { ...how, empty: false }) : null;
  const severity = choice(rule, "severity", ["low", "medium", "high"], done, how);
  const trial = rule.kind === "unusual_route" && rule.false_alarms_per_week ? null : tick(rule, "trial", done, how);
  return [severity, when, calendar, trial].filter(Boolean);
}

function activeOf(rule, edit, calendars) {
  const active = { ...(rule.active ?? { calendar: calendars[0] }) };
  edit(active);
  if (active.when) rule.active = active;
  else delete rule.active;
}

function way(rule) {
  if (rule.kind !== "unusual_route") return "";
  return WORDS.ways[["corridor", "sequence", "forbidden"].find((key) => rule[key]) ?? "learned"];
}

function adding(model, { zones, lines: drawn, calendars }) {
  const needs = { loitering: zones.length, occupancy: zones.length, line_crossing: drawn.length, after_hours: 1, unusual_route: 1 };
  const buttons = Object.keys(NEW).map((kind) => el("button", { type: "button", class: "chip-button", disabled: !needs[kind], onclick: () => add(model, kind, [zones[0], calendars[0], drawn[0]]) }, WORDS.rule[kind]));
  return el("div", { class: "tools" }, el("span", { class: "quiet" }, WORDS.addRule), ...buttons);
}

function add(model, kind, given) {
  const taken = new Set((model.values.rules ?? []).map((rule) => rule.id));
  const stem = kind.replace("_", "-");
  let id = stem;
  for (let n = 2; taken.has(id); n += 1) id = `${stem}-${n}`;
  model.change((values) => (values.rules ??= []).push({ id, ...NEW[kind](...given) }));
}
