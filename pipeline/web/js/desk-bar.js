// What the whole desk must know: a flood, what is shelved, and which overrides hold.

import { api } from "./api.js";
import { shelfWords, showList } from "./dialogs.js";
import { el } from "./dom.js";
import { clock } from "./time.js";
import { TEXTS } from "./texts.js";

export class DeskBar extends HTMLElement {
  connect(feed, act) {
    this.act = act;
    feed.addEventListener("desk", () => this.refresh());
    setInterval(() => this.refresh(), 30_000);
    this.refresh();
  }

  async refresh() {
    try {
      this.state = await api.desk();
      this.inputs = (await api.inputs()).items.filter((one) => one.state !== "over");
    } catch {
      return; // the feed says when the API is away
    }
    this.#draw();
  }

  #draw() {
    const { flood_since_utc: since, recent, shelves } = this.state;
    const parts = [];
    if (since !== null) parts.push(el("p", { class: "flood" }, el("b", {}, TEXTS.flood.title), ` ${TEXTS.flood.words(clock(since), recent)}`));
    if (shelves.length) parts.push(el("button", { type: "button", class: "chip-button", onclick: () => this.#shelves() }, TEXTS.shelvedCount(shelves.length)));
    if (this.inputs.length) parts.push(el("button", { type: "button", class: "chip-button", onclick: () => this.#overrides() }, TEXTS.override.count(this.inputs.length)));
    this.hidden = parts.length === 0;
    this.replaceChildren(...parts);
  }

  #shelves() {
    const end = this.act.may("operate") && (async (shelf) => {
      await this.act.try(() => api.endShelf(shelf.shelf_id));
      await this.refresh();
      return this.state.shelves;
    });
    showList(TEXTS.shelvedTitle, this.state.shelves, shelfWords, end, TEXTS.shelving.none);
  }

  #overrides() {
    const words = (one) => `${TEXTS.override.kinds[one.kind] ?? one.kind}${one.camera_id ? `, ${one.camera_id}` : ""}: ${one.note || one.who} (${TEXTS.until(clock(one.until_utc))})`;
    const end = this.act.may("operate") && (async (input) => {
      await this.act.try(() => api.endInput(input.input_id));
      await this.refresh();
      return this.inputs;
    });
    showList(TEXTS.override.listTitle, this.inputs, words, end, TEXTS.override.none);
  }
}

customElements.define("desk-bar", DeskBar);
