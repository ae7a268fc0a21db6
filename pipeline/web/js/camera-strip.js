// Every camera with its latest picture and how it is doing. A camera that does not see is unmistakable.

import { api } from "./api.js";
import { el } from "./dom.js";
import { TEXTS } from "./texts.js";

const PICTURE_MS = 2000;
const SEEING = new Set(["running", "ended"]);

export class CameraStrip extends HTMLElement {
  #cards = new Map();
  #turn = 0;
  chosen = null; // camera ids to show, or null for all

  connect({ every = PICTURE_MS, chosen = null, unguarded = () => [] } = {}) {
    this.every = every;
    this.chosen = chosen;
    this.unguarded = unguarded;
    this.refresh();
    setInterval(() => this.refresh(), every);
  }

  async refresh() {
    if (document.hidden) return;
    let cameras;
    try {
      cameras = (await api.cameras()).items;
    } catch {
      this.classList.add("stale");
      return;
    }
    this.classList.remove("stale");
    this.#turn += 1;
    const wanted = this.chosen ? cameras.filter((camera) => this.chosen.has(camera.camera_id)) : cameras;
    const names = new Set(wanted.map((camera) => camera.camera_id));
    for (const [name, card] of this.#cards) {
      if (!names.has(name)) {
        card.node.remove();
        this.#cards.delete(name);
      }
    }
    for (const camera of wanted) this.#update(camera);
    this.dispatchEvent(new CustomEvent("cameras", { detail: cameras }));
  }

  // Words beside a camera's name, such as how many alerts call there.
  mark(words) {
    for (const [name, card] of this.#cards) {
      const said = words(name);
      card.calls.textContent = said;
      card.node.classList.toggle("calls", said !== "");
    }
  }

  #update(camera) {
    let card = this.#cards.get(camera.camera_id);
    if (!card) {
      card = this.#card(camera);
      this.#cards.set(camera.camera_id, card);
      this.append(card.node);
    }
    const sees = SEEING.has(camera.state) && !camera.error;
    const lost = sees ? this.unguarded(camera.camera_id) : [];
    card.node.classList.toggle("blind", !sees || lost.length > 0);
    card.node.classList.toggle("over", camera.state === "ended");
    card.state.textContent = SEEING.has(camera.state) && camera.error ? TEXTS.blind : (TEXTS.camera[camera.state] ?? camera.state);
    const fix = TEXTS.cameraFix[camera.state];
    const zones = Object.keys(camera.zones).join(", ") || TEXTS.wholePicture;
    if (lost.length) card.more.textContent = TEXTS.unguarded(lost.join(", "));
    else if (sees) card.more.textContent = camera.state === "ended" ? camera.detector : `${camera.detector}, ${camera.fps_done.toFixed(1)} fps`;
    else card.more.textContent = [camera.error ?? TEXTS.unguarded(zones), fix].filter(Boolean).join(". ");
    card.more.title = card.more.textContent;
    const wants = camera.state === "running" || (camera.state === "ended" && !card.pictured && card.tries++ < 3);
    if (wants && !card.loading) {
      card.loading = true;
      this.#load(card, api.pictureUrl(camera.camera_id, this.#turn));
    }
  }

  async #load(card, url) {
    // Decoded before it is shown, so that a picture that does not come leaves the last one standing.
    const next = el("img", { alt: card.alt, width: "640", height: "360", src: url });
    try {
      await next.decode();
      card.image.replaceWith(next);
      card.image = next;
      card.pictured = true;
    } catch {
      card.image.textContent = card.pictured ? "" : TEXTS.noPictureYet;
    }
    card.loading = false;
  }

  #card(camera) {
    const image = el("div", { class: "no-picture" });
    const state = el("span", { class: "camera-state" });
    const more = el("span", { class: "quiet" });
    const calls = el("em", { class: "calls-here" });
    const card = { image, calls, state, more, loading: false, pictured: false, tries: 0, alt: TEXTS.pictureOfCamera(camera.name) };
    card.node = el("figure", { class: "camera" }, image, el("figcaption", {}, el("b", {}, camera.name, " ", calls), state, more));
    return card;
  }
}

customElements.define("camera-strip", CameraStrip);
