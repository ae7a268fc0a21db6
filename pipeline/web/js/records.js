// Records of cameras and a time: counted, handed over as one file, erased. What each camera is for stands beside it.

import { api } from "./api.js";
import { el } from "./dom.js";
import { frame } from "./frame.js";
import { WORDS } from "./records-texts.js";
import { both, instant, local } from "./time.js";

const DAY_S = 86_400;
const COUNTED = 500;
const place = document.getElementById("records");

function failed(error) {
  const node = document.getElementById("failed");
  node.hidden = !error;
  node.textContent = error ? (error.message ?? String(error)) : "";
}

async function attempt(button, status, words, action) {
  button.disabled = true;
  status.textContent = words;
  try {
    failed(null);
    status.textContent = (await action()) ?? "";
  } catch (error) {
    status.textContent = "";
    failed(error);
  }
  button.disabled = false;
}

function choice(site) {
  const boxes = site.cameras.map((camera) => el("input", { type: "checkbox", value: camera.camera_id }));
  const now = Date.now() / 1000;
  const since = el("input", { type: "datetime-local", required: true, value: local(now - DAY_S) });
  const until = el("input", { type: "datetime-local", required: true, value: local(now + 60) });
  const wanted = () => {
    const [from, to] = [instant(since.value), instant(until.value)];
    if (!(from < to)) throw new Error(WORDS.backwards);
    return { cameras: boxes.filter((box) => box.checked).map((box) => box.value), since: from, until: to };
  };
  const status = el("p", { role: "status" });
  const look = el("button", { type: "button", onclick: () => attempt(look, status, "", async () => {
    const { cameras, since: from, until: to } = wanted();
    const page = await api.alertsOf(cameras, { since: from, until: to, trial: "include", limit: COUNTED });
    return WORDS.count(page.items.length, Boolean(page.next_cursor));
  }) }, WORDS.look);
  const cameras = site.cameras.map((camera, i) => el("label", {}, boxes[i], el("span", {}, camera.name, " ", el("small", {}, camera.purpose || WORDS.noPurpose))));
  const section = el(
    "section",
    { class: "panel wide", "aria-labelledby": "choose-title" },
    el("h2", { id: "choose-title" }, WORDS.choose),
    el("fieldset", {}, el("legend", {}, WORDS.cameras), ...cameras),
    el("div", { class: "times" }, el("label", {}, WORDS.since, since), el("label", {}, WORDS.until, until), look),
    status,
  );
  return { section, wanted };
}

function exporting(wanted) {
  const blur = el("input", { type: "checkbox" });
  const status = el("p", { role: "status" });
  const button = el("button", { type: "button", class: "primary", onclick: () => attempt(button, status, WORDS.exporting, async () => {
    const { name, blob } = await api.exportMany({ ...wanted(), blurred: blur.checked });
    const address = URL.createObjectURL(blob);
    el("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    return WORDS.exported;
  }) }, WORDS.exportDo);
  return el("section", { class: "panel", "aria-labelledby": "export-title" }, el("h2", { id: "export-title" }, WORDS.exportTitle), el("p", {}, WORDS.exportLead), el("label", { class: "tick" }, blur, el("span", {}, WORDS.blur)), button, status);
}

function erasing(wanted) {
  const reason = el("input", { type: "text", required: true, minlength: 3, maxlength: 500 });
  const held = el("input", { type: "checkbox" });
  const sure = el("input", { type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false" });
  const status = el("div", { role: "status" });
  const button = el("button", { type: "button", class: "warn", disabled: true, onclick: () => attempt(button, status, WORDS.erasing, async () => {
    const done = await api.erase({ ...wanted(), reason: reason.value.trim(), include_held: held.checked });
    sure.value = "";
    status.replaceChildren(...results(done));
    return status.textContent;
  }).then(ready) }, WORDS.eraseDo);
  const ready = () => (button.disabled = sure.value !== WORDS.word || reason.value.trim().length < 3);
  for (const field of [reason, sure]) field.addEventListener("input", ready);
  return el(
    "section",
    { class: "panel danger", "aria-labelledby": "erase-title" },
    el("h2", { id: "erase-title" }, WORDS.eraseTitle),
    el("p", {}, WORDS.eraseLead),
    el("label", { class: "field" }, WORDS.reason, reason),
    el("label", { class: "tick" }, held, el("span", {}, WORDS.held)),
    el("label", { class: "field" }, WORDS.confirm(WORDS.word), sure),
    button,
    status,
  );
}

function results(done) {
  const said = [WORDS.erased(done)];
  if (done.held.length) said.push(WORDS.keptHeld(done.held.length));
  if (done.copies.length) said.push(WORDS.copies(done.copies));
  if (done.faults.length) said.push(WORDS.faults(done.faults));
  return said.map((words) => el("p", {}, `${words} `));
}

function trail() {
  const fields = ["actor", "action", "target"].map((name) => el("input", { type: "search", "aria-label": WORDS[name], placeholder: WORDS[name], maxlength: 200 }));
  const rows = el("tbody", {});
  const status = el("p", { role: "status" });
  let before = "";
  const more = (button, fresh) => attempt(button, status, "", async () => {
    if (fresh) before = "";
    const [actor, action, target] = fields.map((field) => field.value.trim());
    const page = await api.trail({ actor, action, target, before, limit: 100 });
    const made = page.items.map((one) => el("tr", {}, ...[both(one.utc), one.actor, one.action, one.target, details(one.detail)].map((words) => el("td", {}, words))));
    fresh ? rows.replaceChildren(...made) : rows.append(...made);
    before = page.next_before ?? "";
    older.hidden = !before;
  });
  const show = el("button", { type: "button", onclick: () => more(show, true) }, WORDS.show);
  const older = el("button", { type: "button", hidden: true, onclick: () => more(older, false) }, WORDS.older);
  more(show, true);
  const table = el("table", { class: "data", "aria-labelledby": "trail-title" }, el("thead", {}, el("tr", {}, ...WORDS.trailHeads.map((head) => el("th", { scope: "col" }, head)))), rows);
  return el("section", { class: "panel wide", "aria-labelledby": "trail-title" }, el("h2", { id: "trail-title" }, WORDS.trailTitle), el("p", {}, WORDS.trailLead), el("div", { class: "times" }, ...fields, show), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "trail-title" }, table), older, status);
}

const details = (value) => Object.entries(value).map(([name, one]) => `${name} ${typeof one === "object" ? JSON.stringify(one) : one}`).join(", ").slice(0, 200);

async function start() {
  const { site, may } = await frame();
  const { section, wanted } = choice(site);
  place.replaceChildren(section, ...(may("export") ? [exporting(wanted)] : []), may("admin") ? erasing(wanted) : el("p", { class: "quiet" }, WORDS.only), ...(may("audit") ? [trail()] : []));
}

start().catch(failed);
