// The page of sinks: state, lag and last error of each, its dead letters, and the button that sends them again.

import { api } from "./api.js";
import { el } from "./dom.js";
import { frame } from "./frame.js";
import { both, clock, span } from "./time.js";

const EVERY_MS = 3000;
const WORDS = {
  state: { working: "works", failing: "does not work" },
  kind: { webhook: "webhook", mqtt: "MQTT", email: "e-mail" },
  none: "This site tells nobody else: its file has no sinks.",
  dead: (name, count) => `${count} of ${name} given up`,
  retry: "Send again",
  show: "Show",
  never: "never",
  looked: (at) => `as of ${at}`,
  lost: (reason) => `Not up to date: ${reason}`,
};
const get = (id) => document.getElementById(id);
let chosen = null;

function row(sink, may) {
  const lag = sink.waiting || sink.behind ? span(sink.lag_s) : "–";
  const since = sink.state === "failing" && sink.failing_utc ? ` since ${both(sink.failing_utc)}` : "";
  const dead = sink.dead && may("inspect") ? el("button", { type: "button", onclick: () => show(sink.name, may) }, WORDS.show) : null;
  return el(
    "tr",
    { "data-sink": sink.name },
    el("th", { scope: "row" }, sink.name, el("div", { class: "quiet" }, `${WORDS.kind[sink.kind]} · ${sink.target}`)),
    el("td", {}, el("span", { class: sink.state }, WORDS.state[sink.state] + since)),
    el("td", { class: "number" }, String(sink.waiting + sink.behind)),
    el("td", { class: "number" }, lag),
    el("td", { class: "number" }, String(sink.delivered)),
    el("td", { class: "number" }, String(sink.dead), " ", dead),
    el("td", {}, sink.last_sent_utc ? both(sink.last_sent_utc) : WORDS.never),
    el("td", {}, sink.last_error ? `${sink.last_error} (${both(sink.last_error_utc)})` : "–"),
  );
}

async function show(name, may) {
  chosen = name;
  const { items } = await api.deadLetters(name);
  const again = may("configure") && items.length ? el("button", { type: "button", class: "primary", onclick: () => retry(name, may) }, WORDS.retry) : null;
  const list = items.map((one) => el("li", {}, `${both(one.utc)} · ${one.told} · alert ${one.alert_id} · ${one.remark}`));
  get("dead").hidden = false;
  get("dead").replaceChildren(el("h2", {}, WORDS.dead(name, items.length), " ", again), el("ol", {}, ...list));
}

async function retry(name, may) {
  await attempt(async () => {
    await api.retrySink(name);
    await look(may);
    await show(name, may);
  });
}

// A row that says the same stays where it is, so that a press which began on its button still counts.
function put(body, rows) {
  const old = [...body.children];
  if (old.length !== rows.length) return body.replaceChildren(...rows);
  rows.forEach((one, i) => one.outerHTML === old[i].outerHTML || old[i].replaceWith(one));
}

async function look(may) {
  const { items } = await api.sinks();
  const rows = items.length ? items.map((sink) => row(sink, may)) : [el("tr", {}, el("td", { colspan: "8", class: "empty" }, WORDS.none))];
  const focused = document.activeElement?.closest?.("tr")?.dataset.sink;
  put(get("rows"), rows);
  if (focused) get("rows").querySelector(`tr[data-sink="${CSS.escape(focused)}"] button`)?.focus();
  get("looked").textContent = WORDS.looked(clock(Date.now() / 1000));
  if (chosen && !items.some((sink) => sink.name === chosen && sink.dead)) get("dead").hidden = true;
}

async function attempt(change) {
  try {
    await change();
    get("failed").hidden = true;
  } catch (error) {
    get("failed").hidden = false;
    get("failed").textContent = WORDS.lost(error.message);
  }
}

async function start() {
  const { may } = await frame();
  await attempt(() => look(may));
  setInterval(() => attempt(() => look(may)), EVERY_MS);
}

start();
