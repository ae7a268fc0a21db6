// The list of incidents. Rows never move under the pointer: while it rests here, new ones wait and are counted.

import { el } from "./dom.js";
import { clock, day } from "./time.js";
import { TEXTS } from "./texts.js";

export class AlertList extends HTMLElement {
  #desk;
  #frozen = false;
  #order = [];
  #waiting = 0;

  connect(desk, waitingButton) {
    this.#desk = desk;
    this.waitingButton = waitingButton;
    waitingButton.addEventListener("click", () => this.thaw());
    for (const name of ["pointerenter", "pointermove"]) this.addEventListener(name, () => (this.#frozen = true));
    this.addEventListener("pointerleave", () => {
      this.#frozen = false;
      this.thaw();
    });
    desk.addEventListener("change", (event) => this.#changed(event.detail));
    desk.addEventListener("choose", () => this.#render());
    this.setAttribute("role", "listbox");
    this.setAttribute("aria-label", "Alerts");
    this.thaw();
  }

  thaw() {
    this.#waiting = 0;
    this.#order = this.#desk.shown().map((incident) => incident.id);
    this.#render();
  }

  step(by) {
    const at = this.#order.indexOf(this.#desk.chosen);
    const next = this.#order[at < 0 ? 0 : Math.min(this.#order.length - 1, Math.max(0, at + by))];
    if (next) this.#desk.choose(next);
    this.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  #changed(detail) {
    if (!this.#frozen || detail.filter) {
      this.thaw();
      return;
    }
    const known = new Set(this.#order);
    this.#waiting = this.#desk.shown().filter((incident) => !known.has(incident.id)).length;
    this.#render();
  }

  #render() {
    this.waitingButton.hidden = this.#waiting === 0;
    this.waitingButton.textContent = TEXTS.waiting(this.#waiting);
    const incidents = new Map(this.#desk.incidents().map((incident) => [incident.id, incident]));
    const rows = this.#order.filter((id) => incidents.has(id)).map((id) => this.#row(incidents.get(id)));
    const filtered = this.#desk.alerts.size > 0;
    this.replaceChildren(...(rows.length ? rows : [el("p", { class: "empty" }, filtered ? TEXTS.empty.filtered : TEXTS.empty.alerts)]));
  }

  #row(incident) {
    const { first, last, alerts } = incident;
    const open = last.ended_utc === null || last.ended_utc === undefined;
    return el(
      "button",
      {
        type: "button",
        role: "option",
        class: `row ${incident.severity} ${incident.state}`,
        "aria-selected": incident.id === this.#desk.chosen ? "true" : "false",
        onclick: () => this.#desk.choose(incident.id),
      },
      el("span", { class: "mark", "aria-hidden": "true" }),
      el("span", { class: "what" }, TEXTS.kind[first.kind] ?? first.kind, alerts.length > 1 && el("b", { class: "repeats" }, TEXTS.repeats(alerts.length - 1))),
      el("time", { title: day(first.utc) }, clock(first.utc)),
      el("span", { class: "where" }, `${first.camera_id}${first.zone_id ? ` · ${first.zone_id}` : ""}`),
      el("span", { class: "state" }, incident.state === "resolved" ? (TEXTS.disposition[first.disposition] ?? TEXTS.state.resolved) : `${TEXTS.state[incident.state]}${open ? "" : ` · ${TEXTS.sinceEnded}`}`),
      el("span", { class: "sentence" }, last.sentence),
    );
  }
}

customElements.define("alert-list", AlertList);
