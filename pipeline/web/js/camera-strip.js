// Every camera with its latest picture and how it is doing. A camera that does not see is unmistakable.

import { api } from "./api.js";
import { el } from "./dom.js";
import { TEXTS } from "./texts.js";

const PICTURE_MS = 2000;
const SEEING = new Set(["running", "ended"]);

export class CameraStrip extends HTMLElement {
  #cards = new Map();
  #turn = 0;

  connect() {
    this.#refresh();
    setInterval(() => this.#refresh(), PICTURE_MS);
  }

  async #refresh() {
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
    for (const camera of cameras) this.#update(camera);
  }

  #update(camera) {
    let card = this.#cards.get(camera.camera_id);
    if (!card) {
      card = this.#card(camera);
      this.#cards.set(camera.camera_id, card);
      this.append(card.node);
    }
    const sees = SEEING.has(camera.state) && !camera.error;
    card.node.classList.toggle("blind", !sees);
    card.state.textContent = SEEING.has(camera.state) && camera.error ? TEXTS.blind : (TEXTS.camera[camera.state] ?? camera.state);
    const fix = TEXTS.cameraFix[camera.state];
    card.more.textContent = sees ? `${camera.detector}, ${camera.fps_done.toFixed(1)} fps` : [camera.error, fix].filter(Boolean).join(" ");
    if (camera.state === "running" && !card.loading) {
      card.loading = true;
      this.#load(card, api.pictureUrl(camera.camera_id, this.#turn));
    }
  }

  async #load(card, url) {
    // Decoded before it is shown, so that a picture that does not come leaves the last one standing.
    const next = el("img", { alt: card.image.alt, width: "320", height: "180", src: url });
    try {
      await next.decode();
      card.image.replaceWith(next);
      card.image = next;
    } catch {
      // the state beside the picture says why
    }
    card.loading = false;
  }

  #card(camera) {
    const image = el("div", { class: "no-picture" });
    image.alt = `Camera ${camera.camera_id}`;
    const state = el("span", { class: "camera-state" });
    const more = el("span", { class: "quiet" });
    const card = { image, state, more, loading: false };
    card.node = el("figure", { class: "camera" }, image, el("figcaption", {}, el("b", {}, camera.camera_id), state, more));
    return card;
  }
}

customElements.define("camera-strip", CameraStrip);
