// One incident: the picture at once, the clip, the reason in a sentence and in numbers, and what to do about it.

import { api } from "./api.js";
import { el } from "./dom.js";
import { both, clock, span } from "./time.js";
import { TEXTS } from "./texts.js";

export class AlertDetail extends HTMLElement {
  #desk;
  #shows = "snapshot";
  #shown = "";

  connect(desk, act) {
    this.#desk = desk;
    this.act = act;
    desk.addEventListener("choose", () => {
      this.#shows = "snapshot";
      this.#render();
    });
    desk.addEventListener("change", (event) => {
      if (!event.detail.alert || event.detail.alert.incident_id === desk.chosen) this.#render();
    });
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
    if (this.#shows !== "clip") this.toggleMedia();
    const video = this.querySelector("video");
    if (video) video.paused ? video.play() : video.pause();
  }

  note() {
    return this.querySelector("#note")?.value ?? "";
  }

  #render() {
    const incident = this.incident;
    if (!incident) {
      this.#shown = "";
      this.replaceChildren(el("p", { class: "empty" }, TEXTS.empty.detail));
      return;
    }
    const alert = incident.last;
    const media = this.#media(incident);
    const key = `${incident.id}/${media?.evidence_id}`;
    const picture = key === this.#shown ? this.querySelector(".media") : this.#figure(incident, media);
    const typed = this.note();
    this.#shown = key;
    this.replaceChildren(picture, this.#words(incident, alert), this.#actions(incident), this.#facts(alert));
    const note = this.querySelector("#note");
    if (note && typed) note.value = typed;
  }

  #media(incident) {
    const all = incident.alerts.toReversed().flatMap((alert) => alert.evidence ?? []);
    return all.find((item) => item.kind === this.#shows) ?? null;
  }

  #figure(incident, media) {
    if (!media) {
      return el("div", { class: "media missing" }, this.#shows === "clip" ? TEXTS.clipSoon : TEXTS.noPicture);
    }
    const source = api.evidenceUrl(media.evidence_id);
    if (media.kind === "clip") {
      return el("div", { class: "media" }, el("video", { src: source, controls: true, autoplay: true, muted: true, playsinline: true }));
    }
    const words = incident.last.sentence;
    return el("div", { class: "media" }, el("img", { src: source, alt: `${words} The picture shows the box and the path.` }));
  }

  #words(incident, alert) {
    const began = `${both(alert.since_utc)} – ${alert.ended_utc ? clock(alert.ended_utc) : TEXTS.ongoing}`;
    return el(
      "div",
      { class: "words" },
      el("h2", {}, `${TEXTS.kind[alert.kind] ?? alert.kind}`, el("span", { class: `chip ${incident.severity}` }, TEXTS.severity[incident.severity]), el("span", { class: "chip" }, TEXTS.state[incident.state]), alert.trial && el("span", { class: "chip" }, TEXTS.trial), alert.why?.degraded && el("span", { class: "chip", title: alert.why.degraded }, TEXTS.degraded), this.#acknowledge(incident)),
      el("p", { class: "reason" }, alert.sentence),
      el("p", { class: "quiet" }, `${alert.camera_id}${alert.zone_id ? ` · ${alert.zone_id}` : ""} · ${began} · ${alert.detector === "motion" ? TEXTS.movementNote : alert.detector}`),
    );
  }

  #acknowledge(incident) {
    if (incident.state !== "new") return null;
    return el("button", { type: "button", class: "primary", onclick: () => this.act.acknowledge(), "aria-keyshortcuts": "A" }, TEXTS.acknowledge, " ", el("kbd", {}, "A"));
  }

  #actions(incident) {
    if (incident.state === "resolved") {
      const { disposition, note } = incident.last;
      return el("p", { class: "actions" }, `${TEXTS.disposition[disposition] ?? ""}${note ? `: ${note}` : ""}`);
    }
    const resolve = Object.entries(TEXTS.disposition).map(([name, words], at) =>
      el("button", { type: "button", onclick: () => this.act.resolve(name), "aria-keyshortcuts": String(at + 1) }, words, " ", el("kbd", {}, String(at + 1))),
    );
    return el(
      "div",
      { class: "actions" },
      el("fieldset", {}, el("legend", {}, TEXTS.resolve), ...resolve),
      el("label", { class: "note" }, el("span", {}, TEXTS.note), el("input", { id: "note", maxlength: "2000", autocomplete: "off" })),
    );
  }

  #facts(alert) {
    const rows = Object.entries({ rule: `${alert.rule_id} (${alert.rule_version})`, ...alert.why }).map(([name, value]) =>
      el("tr", {}, el("th", { scope: "row" }, name.replaceAll("_", " ").replace(/ s$/, "")), el("td", {}, fact(name, value))),
    );
    return el("details", { class: "facts" }, el("summary", {}, "Why, in numbers"), el("table", {}, el("tbody", {}, rows)));
  }
}

function fact(name, value) {
  if (typeof value === "number" && name.endsWith("_s")) return value < 60 ? `${value} s` : span(value);
  if (Array.isArray(value) || (value && typeof value === "object")) return JSON.stringify(value);
  return String(value);
}

customElements.define("alert-detail", AlertDetail);
