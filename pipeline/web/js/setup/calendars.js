// Calendars: opening hours as the site file has them, and on which hours of the coming days that arms.

import { el } from "../dom.js";
import { both } from "../time.js";
import { lines } from "./fields.js";
import { siteApi } from "./site-api.js";
import { WORDS } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const DAY_S = 86_400;
const DAYS = 14;

export function calendarsView({ calendars, timezone, digest, mayEdit, saved, failed }) {
  const names = Object.keys(calendars);
  const forms = names.map((name) => calendarForm(name, calendars[name], { timezone, digest, mayEdit, saved, failed }));
  const fresh = el("input", { type: "text", placeholder: WORDS.newCalendar, maxlength: 60 });
  const add = async () => {
    const name = fresh.value.trim();
    if (name && !calendars[name]) await save(name, { open: { "mon-fri": ["06:00-22:00"] } }, { digest, saved, failed });
  };
  const adding = mayEdit ? el("div", { class: "tools" }, fresh, el("button", { type: "button", onclick: add }, WORDS.newCalendar)) : null;
  return el("div", {}, el("h2", {}, WORDS.calendars), ...forms, adding);
}

function calendarForm(name, before, { timezone, digest, mayEdit, saved, failed }) {
  const values = JSON.parse(JSON.stringify(before));
  const how = { mayEdit };
  const button = mayEdit ? el("button", { type: "button", class: "primary", onclick: () => save(name, values, { digest, saved, failed }) }, WORDS.save) : null;
  const week = el("div", {});
  plan(name, timezone).then((view) => week.replaceChildren(view), failed);
  return el(
    "section",
    { class: "rule", "data-calendar": name },
    el("h3", {}, name),
    el(
      "div",
      { class: "fields" },
      lines(WORDS.open, written(values.open, (key, spans) => `${key}: ${spans.join(", ")}`), (all) => (values.open = read(all)), { ...how, rows: 4 }),
      lines(WORDS.exceptions, (values.exceptions ?? []).map((one) => [one.date, (one.open ?? []).join(", "), one.note].filter((part) => part !== undefined).join("; ")).join("\n"), (all) => exceptions(values, all), how),
      lines(WORDS.visits, (values.visits ?? []).map((one) => [one.name, one.days, one.hours, (one.zones ?? []).join(", "), one.max_people].join("; ")).join("\n"), (all) => visits(values, all), how),
    ),
    week,
    button,
  );
}

const written = (mapping, line) => Object.entries(mapping ?? {}).map(([key, value]) => line(key, [value].flat())).join("\n");

function read(all) {
  return Object.fromEntries(all.map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at).trim(), line.slice(at + 1).split(",").map((span) => span.trim()).filter(Boolean)];
  }));
}

function exceptions(values, all) {
  values.exceptions = all.map((line) => {
    const [date, hours = "", note = ""] = line.split(";").map((part) => part.trim());
    return { date, open: hours ? hours.split(",").map((span) => span.trim()) : [], ...(note ? { note } : {}) };
  });
  if (!all.length) delete values.exceptions;
}

function visits(values, all) {
  values.visits = all.map((line) => {
    const [name, days, hours, zones = "", people] = line.split(";").map((part) => part.trim());
    const places = zones ? { zones: zones.split(",").map((zone) => zone.trim()) } : {};
    return { name, days, hours, ...places, max_people: Number(people) };
  });
  if (!all.length) delete values.visits;
}

async function save(name, values, { digest, saved, failed }) {
  try {
    await siteApi.saveCalendar(name, values, "", digest);
    await saved();
  } catch (error) {
    failed(error);
  }
}

// Two weeks, a row a day: what is closed is marked, and the list below says which line of the calendar closes it.
async function plan(name, timezone) {
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: timezone }).format(new Date());
  const { items } = await siteApi.closed(name, today, DAYS);
  const start = midnight(today, timezone);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 420 ${DAYS * 16 + 16}`);
  svg.setAttribute("class", "week");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", WORDS.week);
  for (let n = 0; n < DAYS; n += 1) {
    const from = start + n * DAY_S;
    rect(svg, 60, n * 16 + 16, 360, 13, "open");
    label(svg, 0, n * 16 + 27, new Intl.DateTimeFormat("en-GB", { timeZone: timezone, weekday: "short", day: "2-digit" }).format((from + DAY_S / 2) * 1000));
    for (const one of items) {
      const [a, b] = [Math.max(one.from_utc, from), Math.min(one.to_utc, from + DAY_S)];
      if (a < b) rect(svg, 60 + ((a - from) / DAY_S) * 360, n * 16 + 16, ((b - a) / DAY_S) * 360, 13, "armed");
    }
  }
  for (let hour = 0; hour < 24; hour += 6) label(svg, 60 + hour * 15, 11, `${hour}:00`);
  const list = items.map((one) => el("li", {}, WORDS.armed(both(one.from_utc), both(one.to_utc), one.why)));
  return el("details", { open: true }, el("summary", {}, WORDS.week), svg, el("details", {}, el("summary", {}, String(items.length)), el("ul", {}, ...list)));
}

function midnight(date, timezone) {
  const guess = Date.parse(`${date}T00:00:00Z`) / 1000;
  const shown = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).formatToParts(guess * 1000);
  const part = Object.fromEntries(shown.map(({ type, value }) => [type, value]));
  const local = Date.parse(`${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:00Z`) / 1000;
  return guess - (local - guess);
}

function rect(svg, x, y, width, height, name) {
  const made = document.createElementNS(SVG, "rect");
  for (const [key, value] of Object.entries({ x, y, width, height, class: name })) made.setAttribute(key, value);
  svg.append(made);
}

function label(svg, x, y, words) {
  const made = document.createElementNS(SVG, "text");
  made.setAttribute("x", x);
  made.setAttribute("y", y);
  made.textContent = words;
  svg.append(made);
}
