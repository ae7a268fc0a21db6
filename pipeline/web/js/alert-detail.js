// One incident: the picture at once, the clip, the reason in a sentence and in numbers, and what to do about it.

import "./alert-life.js";
import "./overlay.js";
import { api } from "./api.js";
import { el } from "./dom.js";
import { both, clock, span } from "./time.js";
import { TEXTS } from "./texts.js";
import { stateOf } from "./alert-list.js";

export class AlertDetail extends HTMLElement {
  #desk;
  #shows = "snapshot";
  #shown = "";

  connect(desk, act, site) {
    this.#desk = desk;
    this.act = act;
    this.site = site;
    this.picture = el("div", { class: "media" });
    this.words = el("div", { class: "words" });
    this.life = el("alert-life");
    this.life.connect(desk, act);
    this.around = el("div", { class: "around" });
    this.facts = el("div", { class: "facts" });
    desk.addEventListener("choose", () => {
      this.#shows = "snapshot";
      this.#render();
    });
    desk.addEventListener("change", () => this.#render());
    this.#render();
  }

  get incident() {
    return this.#desk.chosen ? this.#desk.incident(this.#desk.chosen) : null;
  }

  toggleMedia() {
    this.#shows = this.#shows === "snapshot" ? "clip" : "snapshot";
    this.#render();
  }

  playPause() {
    if (this.#shows !== "clip") {
      this.toggleMedia();
      return;
    }
    const video = this.querySelector("video");
    if (video) video.paused ? video.play() : video.pause();
  }

  toggleOverlay() {
    this.querySelector("clip-player")?.flip();
  }

  #render() {
    const { incident } = this;
    if (!incident) {
      this.#shown = "";
      this.replaceChildren(el("p", { class: "empty" }, TEXTS.empty.detail));
      return;
    }
    if (!this.picture.isConnected) this.replaceChildren(this.picture, this.words, this.life, this.around, this.facts);
    this.#media(incident);
    this.#words(incident);
    this.life.show(incident);
    this.#around(incident);
    this.#facts(incident.last);
  }

  #media(incident) {
    const found = incident.alerts.toReversed().map((alert) => [alert, (alert.evidence ?? []).find((item) => item.kind === this.#shows)]).find(([, item]) => item);
    const key = `${incident.id}/${this.#shows}/${found?.[1].evidence_id}/${found?.[1].sha256}`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.picture.classList.toggle("missing", !found);
    if (!found) {
      this.picture.replaceChildren(this.#shows === "clip" ? TEXTS.clipSoon : TEXTS.noPicture);
      return;
    }
    const [alert, item] = found;
    if (item.kind === "clip") {
      const player = el("clip-player");
      this.picture.replaceChildren(player);
      player.show(item, alert, this.site.cameras.find((camera) => camera.camera_id === alert.camera_id));
    } else this.picture.replaceChildren(el("img", { src: api.evidenceUrl(item.evidence_id), alt: TEXTS.pictureOf(alert.sentence) }));
  }

  #words(incident) {
    const alert = incident.last;
    const began = `${both(alert.since_utc)} – ${incident.ended ? clock(alert.ended_utc) : TEXTS.ongoing}`;
    const chips = [
      [incident.severity, TEXTS.severity[incident.severity]],
      [incident.escalated ? "high" : "", stateOf(incident)],
      alert.trial && ["", TEXTS.trial],
      alert.why?.degraded && ["", TEXTS.degraded],
      incident.grouped && ["", TEXTS.inFlood],
    ].filter(Boolean);
    const place = `${alert.camera_id}${alert.zone_id ? ` · ${alert.zone_id}` : ""} · ${began}`;
    this.words.replaceChildren(
      el("h2", {}, TEXTS.kind[alert.kind] ?? alert.kind, ...chips.map(([kind, words]) => el("span", { class: `chip ${kind}` }, words))),
      el("p", { class: "reason" }, alert.sentence),
      el("p", { class: "quiet" }, `${place} · ${alert.detector === "motion" ? TEXTS.movementNote : alert.detector || TEXTS.person}`),
      el("p", { class: "links" }, ...this.#links(alert)),
    );
  }

  #links(alert) {
    const clip = (alert.evidence ?? []).some((item) => item.kind === "clip");
    return [
      el("button", { type: "button", class: "plain", disabled: !clip && this.#shows === "snapshot", onclick: () => this.toggleMedia(), "aria-keyshortcuts": "P" }, this.#shows === "snapshot" ? TEXTS.showClip : TEXTS.showPicture, " ", el("kbd", {}, "P")),
      this.site.video_url && el("a", { href: videoUrl(this.site.video_url, alert), target: "_blank", rel: "noopener noreferrer" }, TEXTS.videoSystem),
      this.act.may("export") && el("a", { href: api.exportUrl(alert.alert_id), download: "" }, TEXTS.export),
      this.act.may("export") && el("a", { href: api.reportUrl(alert.incident_id), download: "" }, TEXTS.report),
    ].filter(Boolean);
  }

  #around(incident) {
    const near = this.#desk.neighbours(incident);
    const at = incident.first.utc;
    const items = near.map((one) =>
      el("li", {}, el("button", { type: "button", class: "plain", onclick: () => this.#desk.choose(one.id) }, `${TEXTS.offset(one.first.utc - at)} · ${TEXTS.kind[one.first.kind] ?? one.first.kind} · ${one.first.camera_id}${one.first.zone_id ? ` · ${one.first.zone_id}` : ""}`)),
    );
    this.around.replaceChildren(...(items.length ? [el("h3", {}, TEXTS.around), el("ul", {}, items)] : []));
  }

  #facts(alert) {
    const open = this.facts.querySelector("details")?.open ?? false;
    const values = { rule: `${alert.rule_id} (${alert.rule_version})`, ...alert.why };
    const rows = Object.entries(values).map(([name, value]) =>
      el("tr", {}, el("th", { scope: "row" }, name.replaceAll("_", " ").replace(/ s$/, "")), el("td", {}, fact(name, value))),
    );
    this.facts.replaceChildren(el("details", { open }, el("summary", {}, TEXTS.whyInNumbers), el("table", {}, el("tbody", {}, rows))));
  }
}

function fact(name, value) {
  if (typeof value === "number" && name.endsWith("_s")) return value < 60 ? `${value} s` : span(value);
  if (typeof value === "number" && name.endsWith("_utc")) return both(value);
  if (Array.isArray(value) || (value && typeof value === "object")) return JSON.stringify(value);
  return String(value);
}

export function videoUrl(template, alert) {
  const values = { camera: alert.camera_id, iso: new Date(alert.since_utc * 1000).toISOString(), epoch_s: Math.floor(alert.since_utc), epoch_ms: Math.floor(alert.since_utc * 1000) };
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? encodeURIComponent(values[name]) : whole));
}

customElements.define("alert-detail", AlertDetail);
