// Puts the operator's page together: state, feed, the parts on screen, the keyboard.

import "./alert-detail.js";
import "./alert-list.js";
import "./camera-strip.js";
import "./desk-bar.js";
import "./feed-state.js";
import "./filter-bar.js";
import { api } from "./api.js";
import { Desk } from "./desk.js";
import { askByHand, askHandOver, askOverride, askShelving } from "./dialogs.js";
import { Feed } from "./feed.js";
import { History } from "./history.js";
import { bindKeys } from "./keys.js";
import { frame } from "./frame.js";
import { Sound } from "./sound.js";
import { TEXTS } from "./texts.js";

const get = (id) => document.getElementById(id);
const find = (name) => document.querySelector(name);

async function start() {
  const [shared, first] = await Promise.all([frame(), api.alerts({ open: "true", limit: "200" })]);
  const { site, may, actor } = shared;
  const desk = new Desk();
  const sound = new Sound(get("mute"));
  const list = find("alert-list");
  const detail = find("alert-detail");
  const filters = find("filter-bar");

  const counts = () => {
    const { fresh, open } = desk.counts();
    get("load").textContent = TEXTS.openCount(fresh, open);
    document.title = `${fresh ? `(${fresh}) ` : ""}${site.name} · Nightjar`;
  };
  desk.addEventListener("change", counts);

  const failed = (error) => {
    get("failed").hidden = false;
    get("failed").textContent = error.message;
    clearTimeout(failed.timer);
    failed.timer = setTimeout(() => (get("failed").hidden = true), 8000);
  };
  const attempt = async (change) => {
    try {
      return await change();
    } catch (error) {
      failed(error);
      return null;
    }
  };
  const done = (incident) => incident?.alerts?.forEach((alert) => desk.put(alert));
  const on = (change) => async () => {
    const { incident } = detail;
    if (incident && may("operate")) await attempt(() => change(incident));
  };
  const act = {
    may, actor, failed, try: attempt,
    acknowledge: on(async (incident) => {
      const alike = desk.alike(incident).flatMap((one) => one.alerts).filter((alert) => alert.state === "new");
      if (incident.state === "new") done(await api.acknowledge(incident.id));
      if (alike.length) (await api.together({ alert_ids: alike.map((alert) => alert.alert_id), do: "acknowledge" })).forEach((alert) => desk.put(alert));
    }),
    claim: on(async (incident) => done(await (incident.claimed === actor ? api.release : api.claim)(incident.id))),
    handOver: on(async (incident) => {
      const given = await askHandOver();
      if (given) done(await api.handOver(incident.id, given.to, given.note));
    }),
    shelve: on(async (incident) => {
      const given = await askShelving(incident.last, site.shelve_most_s);
      if (given) await api.shelve(incident.last.alert_id, given.reason, Number(given.minutes));
    }),
    resolve: (disposition) =>
      on(async (incident) => {
        const note = detail.life.note();
        const alike = desk.alike(incident).flatMap((one) => one.alerts).filter((alert) => alert.state !== "resolved");
        done(await api.resolve(incident.id, disposition, note));
        if (alike.length) (await api.together({ alert_ids: alike.map((alert) => alert.alert_id), do: "resolve", disposition, note })).forEach((alert) => desk.put(alert));
      })(),
    raise: async () => {
      const given = may("operate") ? await askByHand(site) : null;
      if (given) await attempt(async () => desk.put(await api.raise({ ...given, zone_id: given.zone_id || null })));
    },
    override: async () => {
      const given = may("operate") ? await askOverride(site) : null;
      if (given) await attempt(() => api.takeInput({ ...given, camera: given.camera || null, zone: given.zone || null, for_s: Number(given.for_s) }));
      bar.refresh();
    },
  };

  desk.load(first.items);
  list.connect(desk, get("waiting"));
  detail.connect(desk, act, site);
  filters.connect(desk, site);
  counts();
  list.step(0);
  requestAnimationFrame(() => setTimeout(() => performance.mark("feed"))); // the first rows are on screen

  const feed = new Feed(first.feed_seq);
  find("feed-state").connect(feed, get("lost"));
  feed.addEventListener("alert", ({ detail: alert }) => {
    desk.put(alert);
    if (alert.announce) sound.play(alert.severity, alert.announce);
    if (!desk.chosen) setTimeout(() => list.step(0), 30);
  });
  feed.start();
  const bar = find("desk-bar");
  bar.connect(feed, act);
  find("camera-strip").connect();
  new History(desk, list, first.next_cursor).start();
  get("raise").hidden = get("override").hidden = !may("operate");
  get("raise").addEventListener("click", act.raise);
  get("override").addEventListener("click", act.override);

  const dialog = get("keys");
  const showKeys = () => (dialog.open ? dialog.close() : dialog.showModal());
  get("show-keys").addEventListener("click", showKeys);
  bindKeys(
    {
      j: () => list.step(1), arrowdown: () => list.step(1), k: () => list.step(-1), arrowup: () => list.step(-1),
      pagedown: () => list.step(10), pageup: () => list.step(-10), home: () => list.step(-1e9), end: () => list.step(1e9),
      a: act.acknowledge, c: act.claim, g: act.handOver, s: act.shelve, r: act.raise, t: act.override,
      e: () => detail.incident && list.toggleGroup(detail.incident),
      " ": () => detail.playPause(), p: () => detail.toggleMedia(), o: () => detail.toggleOverlay(),
      n: () => list.thaw(), f: () => filters.focusWords(), h: () => filters.toggleResolved(), x: () => filters.reset(),
      m: () => sound.toggle(), "?": showKeys,
      ...Object.fromEntries(Object.keys(TEXTS.disposition).map((name, at) => [String(at + 1), () => act.resolve(name)])),
    },
    dialog,
  );
}

start().catch((error) => {
  get("failed").hidden = false;
  get("failed").textContent = TEXTS.cannotStart(error.message);
  setTimeout(() => location.reload(), 3000);
});
