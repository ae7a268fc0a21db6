// Narrowing the list: words, camera, zone, kind, severity, state and time.

import { NO_FILTER } from "./desk.js";
import { el } from "./dom.js";
import { TEXTS } from "./texts.js";

const HOUR = 3600;

export class FilterBar extends HTMLElement {
  connect(desk, site) {
    this.desk = desk;
    this.words = el("input", { type: "search", placeholder: TEXTS.filter.words, "aria-label": TEXTS.filter.words, "aria-keyshortcuts": "F" });
    this.words.addEventListener("input", () => desk.setFilter({ text: this.words.value }));
    const zones = [...new Set(site.cameras.flatMap((camera) => Object.keys(camera.zones)))].sort();
    this.choices = {
      state: this.#choice("state", TEXTS.filter.open, TEXTS.filter.states),
      camera: this.#choice("camera", TEXTS.filter.camera, site.cameras.map((camera) => [camera.camera_id, camera.name])),
      zone: this.#choice("zone", TEXTS.filter.zone, zones.map((name) => [name, name])),
      kind: this.#choice("kind", TEXTS.filter.kind, Object.entries(TEXTS.kind)),
      severity: this.#choice("severity", TEXTS.filter.severity, Object.entries(TEXTS.severity)),
      span: this.#span(),
    };
    this.clear = el("button", { type: "button", class: "plain", onclick: () => this.reset() }, TEXTS.filter.clear);
    this.replaceChildren(this.words, ...Object.values(this.choices), this.clear);
    desk.addEventListener("filter", () => this.#show());
    this.#show();
  }

  focusWords() {
    this.words.focus();
    this.words.select();
  }

  toggleResolved() {
    const shown = this.choices.state.value === "all" ? "" : "all";
    this.choices.state.value = shown;
    this.desk.setFilter({ state: shown });
  }

  reset() {
    this.words.value = "";
    for (const select of Object.values(this.choices)) select.value = "";
    this.desk.setFilter(NO_FILTER);
  }

  #show() {
    const { filter } = this.desk;
    this.clear.hidden = Object.keys(NO_FILTER).every((key) => filter[key] === NO_FILTER[key]);
    for (const [key, select] of Object.entries(this.choices)) select.classList.toggle("set", select.value !== "");
  }

  #choice(key, all, pairs) {
    const select = el("select", { "aria-label": all }, el("option", { value: "" }, all), ...pairs.map(([value, words]) => el("option", { value }, words)));
    select.addEventListener("change", () => this.desk.setFilter({ [key]: select.value }));
    return select;
  }

  #span() {
    const select = el("select", { "aria-label": TEXTS.filter.anyTime }, el("option", { value: "" }, TEXTS.filter.anyTime), ...TEXTS.filter.spans.map(([hours, words]) => el("option", { value: String(hours) }, words)));
    select.addEventListener("change", () => {
      const hours = Number(select.value);
      this.desk.setFilter({ since: hours ? Math.floor(Date.now() / 1000) - hours * HOUR : 0 });
    });
    return select;
  }
}

customElements.define("filter-bar", FilterBar);
