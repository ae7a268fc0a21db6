// Live pictures of chosen cameras, with boxes, zones and status. Which ones is kept in the address, so that a wall can be
// bookmarked. A camera or a zone that nobody watches is unmistakable, and so is one with an alert on it.

import "./camera-strip.js";
import "./feed-state.js";
import { api } from "./api.js";
import { el } from "./dom.js";
import { Feed } from "./feed.js";
import { frame } from "./frame.js";
import { TEXTS } from "./texts.js";

const EVERY_MS = 700;
const BLIND = new Set(["unguarded", "camera_down", "frozen", "dark", "bright", "covered", "defocused", "moved", "too_slow"]);

async function start() {
  const [{ site }, first] = await Promise.all([frame(), api.alerts({ open: "true", limit: "500" })]);
  const open = new Map(first.items.map((alert) => [alert.alert_id, alert]));
  const names = site.cameras.map((camera) => camera.camera_id);
  const strip = document.querySelector("camera-strip");
  const kept = location.hash.slice(1).split(",").map(decodeURIComponent).filter((name) => names.includes(name));
  const chosen = new Set(kept.length ? kept : names);

  const unguarded = (camera) => {
    const lost = [...open.values()].filter((alert) => alert.camera_id === camera && BLIND.has(alert.kind) && !alert.ended_utc);
    return lost.map((alert) => alert.zone_id ?? (TEXTS.kind[alert.kind] ?? alert.kind));
  };
  choose(site, chosen, strip);
  strip.connect({ every: EVERY_MS, chosen, unguarded });
  strip.addEventListener("cameras", () => mark(strip, open));

  const feed = new Feed(first.feed_seq);
  document.querySelector("feed-state").connect(feed, document.getElementById("lost"));
  feed.addEventListener("alert", ({ detail: alert }) => {
    alert.state === "resolved" ? open.delete(alert.alert_id) : open.set(alert.alert_id, alert);
    mark(strip, open);
  });
  feed.start();
}

function choose(site, chosen, strip) {
  const boxes = site.cameras.map((camera) => {
    const box = el("input", { type: "checkbox", checked: chosen.has(camera.camera_id) });
    box.addEventListener("change", () => {
      box.checked ? chosen.add(camera.camera_id) : chosen.delete(camera.camera_id);
      history.replaceState(null, "", `#${[...chosen].map(encodeURIComponent).join(",")}`);
      strip.refresh();
    });
    return el("label", {}, box, ` ${camera.name}`);
  });
  document.querySelector(".choose").append(...boxes);
}

function mark(strip, open) {
  const calling = new Map();
  for (const alert of open.values()) if (alert.state === "new" && !alert.system) calling.set(alert.camera_id, (calling.get(alert.camera_id) ?? 0) + 1);
  strip.mark((camera) => (calling.has(camera) ? TEXTS.openHere(calling.get(camera)) : ""));
}

start().catch((error) => {
  const failed = document.getElementById("failed");
  failed.hidden = false;
  failed.textContent = TEXTS.cannotStart(error.message);
  setTimeout(() => location.reload(), 3000);
});
