// The walk test, for a phone: begin, walk while zones and lines are ticked off, end with a sheet to print.

import { el } from "../dom.js";
import { frame } from "../frame.js";
import { both, clock } from "../time.js";
import { sheetView } from "./sheet.js";
import { Stage } from "./stage.js";
import { WORDS } from "./texts.js";
import { Tone } from "./tone.js";
import { walkApi } from "./walk-api.js";

const MINUTES = [15, 30, 60, 120, 240];
const place = document.getElementById("walk");
const key = (one) => `${one.camera_id}/${one.kind}/${one.name}`;
let site;
let mayWalk;

function failed(error) {
  const node = document.getElementById("failed");
  node.hidden = !error;
  node.textContent = error ? (error.message ?? String(error)) : "";
}

async function attempt(action) {
  try {
    failed(null);
    return await action();
  } catch (error) {
    failed(error);
    return null;
  }
}

// -- before and after -----------------------------------------------------------------------------------------------

async function choose() {
  history.replaceState(null, "", location.pathname);
  const { items } = await walkApi.list();
  place.replaceChildren(el("h2", {}, WORDS.title), mayWalk ? form() : el("p", {}, WORDS.readOnly), el("h3", {}, WORDS.sheets), earlier(items));
}

function form() {
  const cameras = site.cameras.filter((one) => Object.keys(one.zones).length + Object.keys(one.lines).length);
  if (!cameras.length) return el("p", { class: "empty" }, WORDS.nothing);
  const boxes = cameras.map((one) => el("input", { type: "checkbox", checked: true, value: one.camera_id }));
  const minutes = el("select", { "aria-label": WORDS.minutes(60) }, ...MINUTES.map((n) => el("option", { value: n, selected: n === 60 }, WORDS.minutes(n))));
  const begin = async (event) => {
    event.preventDefault();
    const tone = new Tone();
    const wanted = boxes.filter((box) => box.checked).map((box) => box.value);
    if (wanted.length) await attempt(async () => follow(await walkApi.begin(wanted, Number(minutes.value)), tone));
  };
  return el(
    "form",
    { class: "walk-form", onsubmit: begin },
    el("p", { class: "quiet" }, WORDS.lead),
    el("fieldset", {}, el("legend", {}, WORDS.cameras), ...cameras.map((one, i) => el("label", {}, boxes[i], one.name))),
    minutes,
    el("button", { type: "submit", class: "primary" }, WORDS.begin),
  );
}

function earlier(items) {
  if (!items.length) return el("p", { class: "quiet" }, WORDS.noSheet);
  const line = (walk) => {
    const reached = walk.targets.filter((one) => one.reached_utc !== null).length;
    const words = `${WORDS.by(walk.actor, both(walk.begun_utc))} · ${WORDS.count(reached, walk.targets.length)}`;
    const going = walk.ended_utc === null;
    const open = () => (going && mayWalk ? follow(walk, new Tone()) : show(walk));
    return el("li", {}, el("button", { type: "button", class: "plain", onclick: open }, words), going ? el("span", { class: "held" }, ` ${WORDS.going}`) : null);
  };
  return el("ul", {}, ...items.map(line));
}

function show(walk) {
  history.replaceState(null, "", `#${walk.walk_id}`);
  place.replaceChildren(sheetView(walk), el("p", { class: "no-print" }, el("button", { type: "button", class: "plain", onclick: () => attempt(choose) }, mayWalk ? WORDS.again : WORDS.sheets)));
  scrollTo(0, 0);
}

// -- while somebody walks ---------------------------------------------------------------------------------------------

function follow(walk, tone) {
  history.replaceState(null, "", `#${walk.walk_id}`);
  const stage = new Stage(site);
  const known = new Map();
  const count = el("span", { class: "walk-count", role: "status" });
  const buttons = walk.cameras.map(({ camera_id: camera }) => el("button", { type: "button", onclick: () => ((auto.checked = false), turn(camera)) }, camera));
  const auto = el("input", { type: "checkbox", checked: true });
  const list = el("ul", { class: "walk-targets" });
  const note = el("textarea", { rows: 2, maxlength: 500, "aria-label": WORDS.note, placeholder: WORDS.note });
  const turn = (camera) => {
    stage.turn(camera);
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(walk.cameras[i].camera_id === camera)));
  };
  const draw = () => {
    count.textContent = WORDS.count(known.size, walk.targets.length);
    count.classList.toggle("whole", known.size === walk.targets.length);
    list.replaceChildren(...walk.targets.map((one) => row(one, known.get(key(one)))));
  };
  const reached = (one, { loud }) => {
    if (known.has(key(one))) return;
    known.set(key(one), one);
    stage.tick(key(one));
    if (loud) tone.play(known.size === walk.targets.length ? "whole" : "reached");
    draw();
  };
  const close = (ended) => {
    source.close();
    stage.stop();
    lock?.release().catch(() => {});
    show(ended);
  };
  place.replaceChildren(
    el("div", { class: "walk-head" }, count, el("span", { class: "quiet" }, WORDS.until(clock(walk.until_utc))), el("label", {}, auto, ` ${WORDS.follow}`)),
    el("div", { class: "walk-cameras" }, ...buttons),
    stage.element,
    list,
    el("div", { class: "walk-end" }, note, el("button", { type: "button", class: "warn", onclick: () => attempt(async () => close(await walkApi.end(walk.walk_id, note.value))) }, WORDS.end)),
  );
  walk.targets.filter((one) => one.reached_utc !== null).forEach((one) => reached(one, { loud: false }));
  draw();
  turn(walk.cameras[0].camera_id);
  let lock;
  navigator.wakeLock?.request("screen").then((held) => (lock = held), () => {});
  const source = new EventSource(walkApi.liveUrl(walk.walk_id));
  const hear = (name, then) => source.addEventListener(name, (event) => (failed(null), then(JSON.parse(event.data))));
  hear("walk", (told) => told.targets.filter((one) => one.reached_utc !== null).forEach((one) => reached(one, { loud: true })));
  hear("sight", (sight) => {
    if (auto.checked && sight.people.length && !stage.sight?.people.length) turn(sight.camera_id);
    stage.see(sight);
  });
  hear("reached", (one) => reached(one, { loud: true }));
  hear("end", close);
  hear("beat", () => {});
  source.addEventListener("error", () => failed(new Error(WORDS.lost)));
}

function row(target, done) {
  const words = done ? `${clock(done.reached_utc)} · ${Math.round(done.height_px)} px${done.way ? ` · ${WORDS.way[done.way]}` : ""}` : WORDS.kind[target.kind];
  return el("li", { class: done ? "reached" : null }, el("span", { class: "mark", "aria-hidden": "true" }, done ? "✓" : "○"), el("span", {}, el("b", {}, target.name), el("span", { class: "quiet" }, ` ${target.camera_id}`)), el("span", { class: "quiet" }, done ? words : WORDS.notReached));
}

async function start() {
  const { site: found, may } = await frame();
  site = found;
  mayWalk = may("configure");
  const wanted = location.hash.slice(1);
  const walk = wanted ? await walkApi.get(wanted).catch(() => null) : null;
  if (walk?.ended_utc) return show(walk);
  return choose();
}

start().catch(failed);
