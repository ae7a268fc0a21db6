// Puts the page together: state, feed, the parts on screen, the keyboard.

import "./alert-detail.js";
import "./alert-list.js";
import "./camera-strip.js";
import "./feed-state.js";
import "./filter-bar.js";
import { api } from "./api.js";
import { Desk } from "./desk.js";
import { Feed } from "./feed.js";
import { bindKeys } from "./keys.js";
import { Sound } from "./sound.js";
import { TEXTS } from "./texts.js";
import { setZone } from "./time.js";

const get = (id) => document.getElementById(id);
const find = (name) => document.querySelector(name);

async function history(desk) {
  // Everything open however old, then the newest page of the rest; the feed goes on from the sequence seen first.
  const first = await api.alerts({ open: "true", limit: "500" });
  desk.load(first.items);
  let cursor = first.next_cursor;
  while (cursor) {
    const page = await api.alerts({ open: "true", limit: "500", cursor });
    desk.load(page.items);
    cursor = page.next_cursor;
  }
  desk.load((await api.alerts({ state: "resolved", limit: "200" })).items);
  return first.feed_seq;
}

async function start() {
  const site = await api.site();
  setZone(site.timezone);
  get("site").textContent = site.name;
  document.title = `Nightjar — ${site.name}`;

  const desk = new Desk();
  const sound = new Sound(get("mute"));
  const list = find("alert-list");
  const detail = find("alert-detail");
  const filters = find("filter-bar");
  const cameras = find("camera-strip");

  const counts = () => {
    const { fresh, open } = desk.counts();
    get("load").textContent = TEXTS.openCount(fresh, open);
    document.title = `${fresh ? `(${fresh}) ` : ""}Nightjar — ${site.name}`;
  };
  desk.addEventListener("change", counts);

  const failed = (error) => {
    get("lost").hidden = false;
    get("lost").textContent = error.message;
    setTimeout(() => (get("lost").hidden = true), 6000);
  };
  const act = {
    acknowledge: () => each(detail.incident, "new", (alert) => api.acknowledge(alert.alert_id)),
    resolve: (disposition) =>
      each(detail.incident, null, (alert) => api.resolve(alert.alert_id, disposition, detail.note())),
  };
  async function each(incident, state, change) {
    if (!incident) return;
    const wanted = incident.alerts.filter((a) => a.state !== "resolved" && (state === null || a.state === state));
    try {
      for (const alert of wanted) desk.put(await change(alert));
    } catch (error) {
      failed(error);
    }
  }

  const seq = await history(desk);
  list.connect(desk, get("waiting"));
  detail.connect(desk, act);
  filters.connect(desk, site.cameras.map((camera) => camera.camera_id));
  cameras.connect();
  counts();

  const feed = new Feed(seq);
  find("feed-state").connect(feed, get("lost"));
  feed.addEventListener("alert", ({ detail: alert }) => {
    const known = desk.alerts.get(alert.alert_id);
    desk.put(alert);
    if (!known && alert.state === "new") sound.play(alert.severity);
    if (!desk.chosen) list.step(0);
  });
  feed.start();
  list.step(0);

  const dialog = get("keys");
  const showKeys = () => (dialog.open ? dialog.close() : dialog.showModal());
  get("show-keys").addEventListener("click", showKeys);
  const dispositions = Object.keys(TEXTS.disposition);
  bindKeys(
    {
      j: () => list.step(1),
      arrowdown: () => list.step(1),
      k: () => list.step(-1),
      arrowup: () => list.step(-1),
      a: act.acknowledge,
      " ": () => detail.playPause(),
      p: () => detail.toggleMedia(),
      n: () => list.thaw(),
      f: () => filters.focusWords(),
      h: () => filters.toggleResolved(),
      m: () => sound.toggle(),
      "?": showKeys,
      ...Object.fromEntries(dispositions.map((name, at) => [String(at + 1), () => act.resolve(name)])),
    },
    dialog,
  );
}

start().catch((error) => {
  get("lost").hidden = false;
  get("lost").textContent = `The page could not start: ${error.message}. It tries again in 3 s.`;
  setTimeout(() => location.reload(), 3000);
});
