// The live feed: server-sent events, resumed after the last number seen, never repeated, loud when lost.

import { api } from "./api.js";

const QUIET_S = 20; // the server says something at least every 10 s

export class Feed extends EventTarget {
  #after;
  #source = null;
  #heard = 0;
  #lostSince = null;
  #retry = 500;

  constructor(after) {
    super();
    this.#after = after;
    setInterval(() => this.#watch(), 1000);
  }

  get after() {
    return this.#after;
  }

  start() {
    this.#source?.close();
    this.#heard = performance.now();
    const source = new EventSource(api.feedUrl(this.#after));
    this.#source = source;
    source.addEventListener("open", () => this.#alive());
    source.addEventListener("beat", () => this.#alive());
    source.addEventListener("alert", (event) => this.#receive(event));
    for (const name of ["camera", "desk"]) {
      source.addEventListener(name, (event) => {
        this.#alive();
        this.dispatchEvent(new CustomEvent(name, { detail: JSON.parse(event.data) }));
      });
    }
    source.addEventListener("anew", () => location.reload()); // the store behind the page is another one
    source.addEventListener("error", () => this.#lost());
  }

  #receive(event) {
    this.#alive();
    const seq = Number(event.lastEventId);
    if (seq <= this.#after) return;
    this.#after = seq;
    this.dispatchEvent(new CustomEvent("alert", { detail: JSON.parse(event.data) }));
  }

  #alive() {
    this.#heard = performance.now();
    this.#retry = 500;
    this.#lostSince = null;
    this.dispatchEvent(new CustomEvent("state", { detail: { live: true } }));
  }

  #lost() {
    this.#source?.close();
    this.#source = null;
    this.#lostSince ??= new Date();
    this.dispatchEvent(new CustomEvent("state", { detail: { live: false, since: this.#lostSince } }));
    setTimeout(() => this.start(), this.#retry * (0.5 + Math.random() / 2));
    this.#retry = Math.min(this.#retry * 2, 5000);
  }

  #watch() {
    if (this.#source && performance.now() - this.#heard > QUIET_S * 1000) this.#lost();
  }
}
