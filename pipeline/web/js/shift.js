// A shift: what came, how it was handled, what caused it, how long somebody watched, and what the next one must know.
// Printing the page gives the report.

import { api } from "./api.js";
import { el } from "./dom.js";
import { frame } from "./frame.js";
import { loadPlot } from "./plot.js";
import { SHIFT as T, TEXTS } from "./texts.js";
import { both, span } from "./time.js";

const HOUR = 3600;
const get = (id) => document.getElementById(id);

function table(heads, rows, empty) {
  if (!rows.length) return el("p", { class: "quiet" }, empty);
  return el("table", { class: "data" }, el("thead", {}, el("tr", {}, heads.map((words) => el("th", { scope: "col" }, words)))), el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell) => el("td", {}, cell))))));
}

const seconds = (value) => (value === null ? "–" : span(value));
const place = (one) => `${one.camera_id}${one.zone_id ? ` · ${one.zone_id}` : ""}`;

function showFigures(figures, may) {
  const { load, response } = figures;
  get("span-title").textContent = T.title(both(figures.since_utc), both(Math.min(figures.until_utc, Date.now() / 1000)));
  const numbers = [
    [T.alerts, figures.alerts], [TEXTS.severity.high, figures.by_severity.high], [T.perTen, load.per_10_min], [T.most, load.most_in_10_min],
    [T.flooded, span(figures.flood_s)], [T.judged, `${T.words[load.judged]}${figures.flood_s > 0 ? T.withFloods : ""}`],
  ];
  get("numbers").replaceChildren(...numbers.map(([words, value]) => el("div", {}, el("b", {}, String(value)), el("span", { class: "quiet" }, words))));
  get("plot").replaceChildren(loadPlot(figures), el("p", { class: "quiet" }, T.eemua));
  const tune = may("configure");
  get("worst").replaceChildren(table([T.rule, T.where, T.alerts, T.real, T.nuisance], figures.worst_rules.map((one) => [tune ? el("a", { href: `/setup.html#${encodeURIComponent(one.camera_id)}/${encodeURIComponent(one.rule_id)}` }, one.rule_id) : one.rule_id, place(one), String(one.alerts), String(one.real), String(one.nuisance)]), T.none));
  const decided = Object.entries(figures.by_disposition).map(([name, n]) => [TEXTS.disposition[name] ?? name, String(n)]);
  get("response").replaceChildren(
    table(["", T.median, T.p95], [[T.acknowledge, seconds(response.acknowledge_median_s), seconds(response.acknowledge_p95_s)], [T.resolve, seconds(response.resolve_median_s), seconds(response.resolve_p95_s)]], T.none),
    el("p", { class: "quiet" }, T.escalated(response.escalated, response.shelved)),
    table([T.disposition, T.alerts], decided, T.undecided),
  );
  get("guard").replaceChildren(table([TEXTS.camera.one, T.unguarded, T.share], figures.guarded.map((one) => [one.camera_id, span(one.blind_s), `${(one.share * 100).toFixed(1)} %`]), T.allGuarded));
}

function showOpen(alerts) {
  get("open").replaceChildren(table([T.since, T.what, T.where, T.state], alerts.map((alert) => [both(alert.utc), `${TEXTS.severity[alert.severity]}: ${alert.sentence}`, place(alert), alert.claimed_by ? TEXTS.claimedBy(alert.claimed_by) : TEXTS.state[alert.state]]), T.nothingOpen));
}

async function showHandovers() {
  const { items } = await api.handovers();
  get("overs").replaceChildren(table([T.when, T.by, T.note, T.openThen], items.map((one) => [both(one.utc), one.actor, one.note || "–", String(one.open.length)]), T.noHandover));
}

async function start() {
  const { may } = await frame();
  for (const [id, words] of Object.entries({ "load-title": T.load, "worst-title": T.worst, "response-title": T.response, "guard-title": T.guard, "open-title": T.open, "over-title": T.handovers })) get(id).textContent = words;
  const hours = el("select", { name: "hours" }, T.spans.map(([value, words]) => el("option", { value: String(value) }, words)));
  const show = async () => {
    const now = Math.ceil(Date.now() / 1000);
    const since = now - Number(hours.value) * HOUR;
    report.href = api.shiftReportUrl(since, now);
    showFigures(await api.shift(since, now), may);
  };
  const report = el("a", { class: "as-button", download: "" }, T.pdf);
  hours.addEventListener("change", show);
  get("span").append(el("label", {}, T.span, hours), el("button", { type: "button", onclick: () => print() }, T.print), report);
  const note = el("textarea", { maxlength: "2000", "aria-label": T.note });
  get("over").append(note, el("button", { type: "submit", class: "primary" }, T.handOver));
  get("over").hidden = !may("operate");
  get("over").addEventListener("submit", async (event) => {
    event.preventDefault();
    await api.handOverShift(note.value);
    note.value = "";
    await showHandovers();
  });
  const open = api.alerts({ open: "true", limit: "500" }).then((page) => showOpen(page.items));
  await Promise.all([show(), open, showHandovers()]);
}

start().catch((error) => {
  get("failed").hidden = false;
  get("failed").textContent = TEXTS.cannotStart(error.message);
});
