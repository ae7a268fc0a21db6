// Narrowing the list: words, camera, kind, severity, and whether resolved alerts are shown.

import { el } from "./dom.js";
import { TEXTS } from "./texts.js";

export class FilterBar extends HTMLElement {
  connect(desk, cameras) {
    this.desk = desk;
    this.words = el("input", { type: "search", placeholder: "Filter", "aria-label": "Filter by words", "aria-keyshortcuts": "F" });
    this.words.addEventListener("input", () => desk.setFilter({ text: this.words.value }));
    this.resolved = el("input", { type: "checkbox", id: "show-resolved" });
    this.resolved.addEventListener("change", () => desk.setFilter({ resolved: this.resolved.checked }));
    this.replaceChildren(
      this.words,
      this.#choice("camera", "Every camera", cameras.map((name) => [name, name])),
      this.#choice("kind", "Every kind", Object.entries(TEXTS.kind)),
      this.#choice("severity", "Every severity", Object.entries(TEXTS.severity)),
      el("label", {}, this.resolved, " resolved"),
    );
  }

  focusWords() {
    this.words.focus();
    this.words.select();
  }

  toggleResolved() {
    this.resolved.checked = !this.resolved.checked;
    this.desk.setFilter({ resolved: this.resolved.checked });
  }

  #choice(key, all, pairs) {
    const select = el("select", { "aria-label": all }, el("option", { value: "" }, all), ...pairs.map(([value, words]) => el("option", { value }, words)));
    select.addEventListener("change", () => this.desk.setFilter({ [key]: select.value }));
    return select;
  }
}

customElements.define("filter-bar", FilterBar);
