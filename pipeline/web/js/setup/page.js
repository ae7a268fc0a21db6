// The installers' page: cameras on the left, the picture to draw on, and what is set on the right.

import { api } from "../api.js";
import { el } from "../dom.js";
import { frame } from "../frame.js";
import { both } from "../time.js";
import { calendarsView } from "./calendars.js";
import { cameraForm } from "./camera-form.js";
import { reportView } from "./dry-run.js";
import "./editor.js";
import { lint } from "./lint.js";
import { CameraModel } from "./model.js";
import { rulesForm } from "./rules.js";
import { siteApi } from "./site-api.js";
import { WORDS } from "./texts.js";
import { versionsView } from "./versions.js";

const DAYS = 7;
const get = (id) => document.getElementById(id);
const state = { document: null, model: null, isNew: false, tab: "rules", view: "camera", mayEdit: false, timezone: "UTC", report: null, picture: null, aspect: 16 / 9, past: null };
let editor;

function failed(error) {
  get("failed").hidden = !error;
  get("failed").textContent = error ? error.message ?? String(error) : "";
}

async function load(cameraId, before = null) {
  state.document = await siteApi.document();
  const { number, actor, utc, fault } = state.document;
  get("version").textContent = WORDS.version(number, actor, both(utc));
  if (fault) failed(new Error(WORDS.fileFault(fault)));
  else if (!state.mayEdit) get("version").textContent += ` · ${WORDS.readOnly}`;
  const names = Object.keys(state.document.cameras);
  const chosen = names.includes(cameraId) ? cameraId : names[0];
  if (chosen) openCamera(chosen, before);
  else newCamera();
}

function leave() {
  return !state.model?.dirty || confirm(WORDS.leave);
}

function openCamera(cameraId, before = null) {
  Object.assign(state, { model: new CameraModel(cameraId, state.document.cameras[cameraId]), isNew: false, view: "camera", report: null, picture: null, past: null });
  if (before?.cameraId === cameraId) state.model.keepHistory(before);
  history.replaceState(null, "", `#${encodeURIComponent(cameraId)}`);
  begin();
  picture();
  siteApi.past(cameraId, DAYS).then((past) => state.model.cameraId === cameraId && ((state.past = past), editor.heat(past), side()), () => {});
}

function newCamera() {
  let n = 1;
  while (state.document.cameras[`camera-${n}`]) n += 1;
  const values = { source: "", zones: {}, rules: [] };
  Object.assign(state, { model: new CameraModel(`camera-${n}`, values), isNew: true, view: "camera", tab: "camera", report: null, picture: null, past: null });
  begin();
}

function begin() {
  const { model } = state;
  model.addEventListener("changed", () => model === state.model && (list(), side()));
  model.addEventListener("chosen", () => model === state.model && choose());
  work();
  editor.edit(model, { mayEdit: state.mayEdit });
  editor.show(null);
  list();
  side();
}

function choose() {
  if (state.model.chosen && state.tab !== "shapes") state.tab = "shapes";
  side();
  const name = document.querySelector(`[data-shape="${CSS.escape(state.model.chosen ?? "")}"]`);
  name?.scrollIntoView({ block: "nearest" });
}

async function picture() {
  const { cameraId } = state.model;
  try {
    const trial = await (state.mayEdit ? siteApi.tryCamera(cameraId) : Promise.reject(new Error()));
    if (state.model.cameraId !== cameraId) return;
    if (!trial.works) throw new Error(WORDS.fails(trial));
    show(`data:image/jpeg;base64,${trial.picture}`, trial.width, trial.height);
  } catch (error) {
    if (state.model.cameraId !== cameraId) return;
    if (error.message) failed(error);
    show(api.pictureUrl(cameraId, Date.now()), 16, 9);
  }
}

function show(address, width, height) {
  state.picture = address;
  state.aspect = width / height;
  editor.show(address, width, height);
}

// -- the three parts of the page ------------------------------------------------------------------------------------

function list() {
  const { document: site, model, isNew, view } = state;
  const entry = (name) => el("button", { type: "button", "aria-current": view === "camera" && model?.cameraId === name ? "true" : null, onclick: () => leave() && openCamera(name) }, name, model?.cameraId === name && model.dirty ? " •" : "");
  const names = Object.keys(site.cameras);
  if (isNew) names.push(model.cameraId);
  get("cameras").replaceChildren(
    ...names.map(entry),
    ...(state.mayEdit ? [el("button", { type: "button", class: "plain", onclick: () => leave() && newCamera() }, WORDS.addCamera)] : []),
    el("button", { type: "button", "aria-current": view === "calendars" ? "true" : null, onclick: () => open("calendars") }, WORDS.calendars),
    el("button", { type: "button", "aria-current": view === "versions" ? "true" : null, onclick: () => open("versions") }, WORDS.versions),
    el("a", { class: "as-button", href: "/walk.html" }, WORDS.walk),
  );
}

function open(view) {
  state.view = view;
  list();
  side();
}

function work() {
  editor ??= document.createElement("zone-editor");
  const tools = Object.entries(WORDS.tools).map(([tool, words]) => el("button", { type: "button", "data-tool": tool, "aria-pressed": tool === "select" ? "true" : "false", "aria-keyshortcuts": WORDS.toolKeys[tool], onclick: () => editor.use(tool) }, `${words} `, el("kbd", {}, WORDS.toolKeys[tool])));
  const hint = el("p", { class: "quiet", "aria-live": "polite" }, state.mayEdit ? WORDS.moving : "");
  const heat = el("button", { type: "button", "aria-pressed": "false", onclick: () => {
    const on = heat.getAttribute("aria-pressed") !== "true";
    heat.setAttribute("aria-pressed", String(on));
    editor.underneath(on);
  } }, WORDS.heat);
  const others = Object.keys(state.document.cameras).filter((name) => name !== state.model.cameraId);
  const copy = el("select", { "aria-label": WORDS.copy }, el("option", { value: "" }, `${WORDS.copy} …`), ...others.map((name) => el("option", {}, name)));
  copy.addEventListener("change", () => copyFrom(copy.value));
  const edit = state.mayEdit ? [...tools, el("button", { type: "button", onclick: () => state.model.undo() }, WORDS.undo), el("button", { type: "button", onclick: () => state.model.redo() }, WORDS.redo), others.length ? copy : null] : [];
  get("work").replaceChildren(el("div", { class: "tools" }, ...edit, heat, el("button", { type: "button", onclick: picture }, WORDS.fresh)), editor, hint);
  editor.ontool = (event) => {
    for (const button of get("work").querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === event.detail));
    hint.textContent = event.detail === "select" ? WORDS.moving : WORDS.drawing;
  };
  editor.removeEventListener("tool", editor.told);
  editor.told = editor.ontool;
  editor.addEventListener("tool", editor.told);
}

function copyFrom(name) {
  const { zones = {}, lines = {}, ignore = [] } = state.document.cameras[name] ?? {};
  const fresh = JSON.parse(JSON.stringify({ zones, lines, ignore }));
  state.model.change((values) => {
    values.zones = { ...fresh.zones, ...values.zones };
    if (Object.keys(fresh.lines).length) values.lines = { ...fresh.lines, ...values.lines };
    if (fresh.ignore.length) values.ignore = [...(values.ignore ?? []), ...fresh.ignore];
  });
}

async function side() {
  if (state.view === "calendars") return get("side").replaceChildren(calendarsView({ calendars: state.document.calendars, timezone: state.timezone, digest: state.document.digest, mayEdit: state.mayEdit, failed, saved: async () => (await load(state.model.cameraId), open("calendars")) }));
  if (state.view === "versions") {
    const view = await versionsView({ digest: state.document.digest, mayEdit: state.mayEdit, failed, restored: async () => (await load(state.model.cameraId), open("versions")) }).catch(failed);
    return view && state.view === "versions" && get("side").replaceChildren(view);
  }
  const focused = remember();
  const tabs = Object.entries(WORDS.tabs).map(([tab, words]) => el("button", { type: "button", role: "tab", "aria-selected": tab === state.tab ? "true" : "false", onclick: () => ((state.tab = tab), side()) }, words));
  get("side").replaceChildren(el("div", { class: "tabs", role: "tablist" }, ...tabs), panel(), state.report ?? "", saving());
  recall(focused);
}

// A form is made anew after each change; whoever is in it stays where they were.
function remember() {
  const fields = [...get("side").querySelectorAll("input, select, textarea, button")];
  return fields.indexOf(document.activeElement);
}

function recall(index) {
  if (index >= 0) [...get("side").querySelectorAll("input, select, textarea, button")][index]?.focus();
}

function panel() {
  const { model, mayEdit, isNew } = state;
  if (state.tab === "rules") return rulesForm(model, Object.keys(state.document.calendars), { mayEdit });
  if (state.tab === "camera") return el("div", {}, isNew ? nameField() : null, cameraForm(model, { mayEdit, isNew, show, failed }), mayEdit && !isNew ? removal() : null);
  return shapesList();
}

function nameField() {
  const input = el("input", { type: "text", value: state.model.cameraId, maxlength: 60 });
  input.addEventListener("change", () => ((state.model.cameraId = input.value.trim() || state.model.cameraId), list()));
  return el("div", { class: "fields" }, el("label", { class: "wide" }, WORDS.name, input));
}

function removal() {
  const remove = async () => {
    if (!confirm(WORDS.sure(state.model.cameraId))) return;
    await attempt(async () => {
      await siteApi.removeCamera(state.model.cameraId, state.document.digest);
      await load();
    });
  };
  return el("p", {}, el("button", { type: "button", class: "warn", onclick: remove }, WORDS.removeCamera));
}

function shapesList() {
  const shapes = state.model.shapes();
  if (!shapes.length) return el("p", { class: "quiet" }, WORDS.noShapes);
  return el("div", {}, ...shapes.map(shapeRow));
}

function shapeRow(shape) {
  const { model, mayEdit, past, aspect } = state;
  const faults = lint(shape, past, aspect).map((words) => el("li", {}, words));
  const name = el("input", { type: "text", value: shape.name, maxlength: 60, "aria-label": WORDS.name, disabled: !mayEdit });
  name.addEventListener("change", () => model.rename(shape.key, name.value.trim()));
  const risk = shape.kind === "zone" ? riskOf(shape) : null;
  const remove = mayEdit && shape.kind !== "corridor" ? el("button", { type: "button", class: "plain", onclick: () => model.removeShape(shape.key) }, WORDS.remove) : null;
  const named = shape.kind === "zone" || shape.kind === "line";
  return el(
    "section",
    { class: `rule${model.chosen === shape.key ? " changed" : ""}`, "data-shape": shape.key },
    el("h3", {}, el("button", { type: "button", class: "plain", onclick: () => (model.choose(shape.key), editor.svg.focus()) }, WORDS.kinds[shape.kind]), named ? null : shape.name, remove),
    named ? el("div", { class: "fields" }, name, risk) : null,
    shape.kind === "line" ? el("p", { class: "quiet" }, WORDS.direction) : null,
    faults.length ? el("ul", { class: "lint" }, ...faults) : null,
  );
}

function riskOf(shape) {
  const options = ["low", "medium", "high"].map((one) => el("option", { value: one, selected: (state.model.values.zones[shape.name].risk ?? "medium") === one }, `${WORDS.risk}: ${WORDS.choice[one]}`));
  const select = el("select", { "aria-label": WORDS.risk, disabled: !state.mayEdit }, ...options);
  select.addEventListener("change", () => state.model.change((values) => (values.zones[shape.name].risk = select.value)));
  return select;
}

// -- trying and saving ----------------------------------------------------------------------------------------------

function saving() {
  if (!state.mayEdit) return "";
  const { model, isNew } = state;
  const note = el("input", { type: "text", placeholder: WORDS.note, "aria-label": WORDS.note, maxlength: 200 });
  const dirty = model.dirty || isNew;
  return el(
    "div",
    { class: "save" },
    isNew ? null : el("button", { type: "button", disabled: !dirty, onclick: dryRun }, WORDS.tryIt),
    note,
    el("button", { type: "button", class: "primary", disabled: !dirty, onclick: () => save(note.value) }, WORDS.save),
    dirty && !isNew ? el("button", { type: "button", class: "plain", onclick: () => openCamera(model.cameraId) }, WORDS.discard) : null,
  );
}

async function dryRun() {
  state.report = el("p", { class: "quiet", role: "status" }, WORDS.trying);
  side();
  const { model } = state;
  try {
    const report = await siteApi.dryRun(model.cameraId, model.values, DAYS);
    const useThreshold = (ruleId, key, value) => model.change((values) => (values.rules.find((rule) => rule.id === ruleId)[key] = value));
    state.report = reportView(report, { picture: state.picture, aspect: state.aspect, useThreshold });
    failed(null);
  } catch (error) {
    state.report = null;
    failed(error);
  }
  if (model === state.model) side();
}

async function save(note) {
  const { model } = state;
  await attempt(async () => {
    const saved = await siteApi.saveCamera(model.cameraId, model.values, note, state.document.digest);
    await load(model.cameraId, model);
    get("version").textContent = WORDS.saved(saved.number);
  });
}

async function attempt(action) {
  try {
    await action();
    failed(null);
  } catch (error) {
    failed(error);
  }
}

function keys(event) {
  if (event.target.closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  const tool = Object.entries(WORDS.toolKeys).find(([, key]) => key === event.key.toUpperCase())?.[0];
  if (!tool || !state.mayEdit || state.view !== "camera") return;
  editor.use(tool);
  event.preventDefault();
}

async function start() {
  const { site, may } = await frame();
  state.mayEdit = may("configure");
  state.timezone = site.timezone;
  document.addEventListener("keydown", keys);
  addEventListener("beforeunload", (event) => state.model?.dirty && event.preventDefault());
  const [camera, rule] = location.hash.slice(1).split("/").map(decodeURIComponent);
  await load(camera);
  if (rule) document.querySelector(`[data-rule="${CSS.escape(rule)}"]`)?.scrollIntoView();
}

start().catch(failed);
