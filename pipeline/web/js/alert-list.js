// The list of incidents: only the rows in sight are in the page, so that 10,000 scroll as ten do. Rows never move under
// the pointer: while it rests here, new ones wait and are counted.

import { place } from "./desk.js";
import { el } from "./dom.js";
import { both, recent } from "./time.js";
import { TEXTS } from "./texts.js";

const SPARE = 6; // rows drawn beyond each edge

export class AlertList extends HTMLElement {
  #desk;
  #frozen = false;
  #rows = []; // incident ids in the order shown
  #drawn = new Map(); // incident id -> { node, said }
  #waiting = 0;
  #height = 0;
  more = null; // asked for when the end is in sight

  connect(desk, waitingButton) {
    this.#desk = desk;
    this.waitingButton = waitingButton;
    waitingButton.addEventListener("click", () => this.thaw());
    for (const name of ["pointerenter", "pointermove"]) this.addEventListener(name, () => (this.#frozen = true));
    this.addEventListener("pointerleave", (event) => {
      // A row redrawn under a resting pointer also counts as leaving it.
      const { left, right, top, bottom } = this.getBoundingClientRect();
      if (event.clientX > left && event.clientX < right - 1 && event.clientY > top && event.clientY < bottom - 1) return;
      this.#frozen = false;
      this.thaw();
    });
    this.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => {
      this.#height = 0;
      this.#draw();
    }).observe(this);
    desk.addEventListener("change", () => this.#changed());
    desk.addEventListener("filter", () => {
      this.scrollTop = 0;
      this.thaw();
    });
    desk.addEventListener("choose", () => this.#draw());
    this.setAttribute("role", "listbox");
    this.setAttribute("aria-label", TEXTS.alerts);
    this.setAttribute("tabindex", "0");
    this.canvas = el("div", { class: "canvas", role: "presentation" });
    this.replaceChildren(this.canvas);
    this.thaw();
  }

  thaw() {
    this.#waiting = 0;
    this.#rows = this.#desk.rows().map((incident) => incident.id);
    this.#draw();
  }

  step(by) {
    const at = this.#rows.indexOf(this.#desk.chosen);
    const to = at < 0 ? 0 : Math.min(this.#rows.length - 1, Math.max(0, at + by));
    if (!this.#rows[to]) return;
    this.#desk.choose(this.#rows[to]);
    this.#reveal(to);
  }

  get chosenAt() {
    return this.#rows.indexOf(this.#desk.chosen);
  }

  // After a row has gone from the list, the one that took its place is chosen.
  stay(at) {
    if (this.chosenAt >= 0 || at < 0) return;
    const id = this.#rows[Math.min(at, this.#rows.length - 1)];
    if (id) this.#desk.choose(id);
  }

  toggleGroup(incident) {
    const key = place(incident);
    this.#desk.opened.has(key) ? this.#desk.opened.delete(key) : this.#desk.opened.add(key);
    this.thaw();
  }

  #changed() {
    if (!this.#frozen) {
      const at = this.chosenAt;
      this.thaw();
      this.stay(at);
      return;
    }
    const known = new Set(this.#rows);
    this.#waiting = this.#desk.rows().filter((incident) => !known.has(incident.id)).length;
    this.#draw();
  }

  #reveal(at) {
    const top = at * this.#height;
    if (top < this.scrollTop) this.scrollTop = top;
    else if (top + this.#height > this.scrollTop + this.clientHeight) this.scrollTop = top + this.#height - this.clientHeight;
    this.#draw();
  }

  #draw() {
    this.waitingButton.hidden = this.#waiting === 0;
    this.waitingButton.textContent = TEXTS.waiting(this.#waiting);
    this.waitingButton.previousElementSibling.textContent = TEXTS.shown(this.#rows.length);
    this.#height ||= parseFloat(getComputedStyle(this).getPropertyValue("--row")) * parseFloat(getComputedStyle(document.documentElement).fontSize);
    const first = Math.max(0, Math.floor(this.scrollTop / this.#height) - SPARE);
    const last = Math.min(this.#rows.length, Math.ceil((this.scrollTop + this.clientHeight) / this.#height) + SPARE);
    this.canvas.style.height = `${this.#rows.length * this.#height}px`;
    const wanted = new Map();
    for (let at = first; at < last; at += 1) wanted.set(this.#rows[at], at);
    for (const [id, { node }] of this.#drawn) {
      if (!wanted.has(id)) {
        node.remove();
        this.#drawn.delete(id);
      }
    }
    let next = 0;
    for (const [id, at] of wanted) next = this.#place(id, at, next);
    this.#ends(last);
  }

  // Draws a row as child number `next`, so that the order in the page is the order in sight.
  #place(id, at, next) {
    const incident = this.#desk.incident(id);
    if (!incident) return next;
    const chosen = id === this.#desk.chosen;
    const said = JSON.stringify([incident.state, incident.severity, incident.claimed, incident.alerts.length, incident.alike.length, incident.ended, incident.escalated, incident.last.sentence, chosen, this.#desk.opened.has(place(incident))]);
    let drawn = this.#drawn.get(id);
    if (!drawn || drawn.said !== said) {
      drawn ??= { node: el("div", { id: `row-${id}`, role: "option", onclick: () => this.#desk.choose(id) }) };
      drawn.said = said;
      this.#fill(drawn.node, incident, chosen);
      this.#drawn.set(id, drawn);
    }
    drawn.node.style.top = `${at * this.#height}px`;
    drawn.node.setAttribute("aria-posinset", String(at + 1));
    drawn.node.setAttribute("aria-setsize", String(this.#rows.length));
    if (this.canvas.children[next] !== drawn.node) this.canvas.insertBefore(drawn.node, this.canvas.children[next] ?? null);
    if (chosen) this.setAttribute("aria-activedescendant", drawn.node.id);
    return next + 1;
  }

  #ends(last) {
    this.querySelector(".empty")?.remove();
    if (this.#rows.length === 0) this.append(el("p", { class: "empty" }, this.#desk.alerts.size ? TEXTS.empty.filtered : TEXTS.empty.alerts));
    if (last >= this.#rows.length - SPARE) this.more?.();
  }

  #fill(node, incident, chosen) {
    const { first, last, alerts, alike } = incident;
    const group = alike.length > 0 && el("button", { type: "button", class: "alike", tabindex: "-1", title: TEXTS.alikeWhy, onclick: (event) => (event.stopPropagation(), this.toggleGroup(incident)) }, TEXTS.alike(alike.length));
    node.className = `row ${incident.severity} ${incident.state}${incident.escalated ? " escalated" : ""}${incident.grouped ? " grouped" : ""}`;
    node.setAttribute("aria-selected", chosen ? "true" : "false");
    node.replaceChildren(
      el("span", { class: "mark", "aria-hidden": "true" }),
      el("span", { class: "what" }, TEXTS.kind[first.kind] ?? first.kind, alerts.length > 1 && el("b", { class: "repeats" }, TEXTS.repeats(alerts.length - 1)), group),
      el("time", { title: both(first.utc) }, recent(first.utc)),
      el("span", { class: "where" }, el("b", { class: "level" }, TEXTS.severity[incident.severity]), ` · ${first.camera_id}${first.zone_id ? ` · ${first.zone_id}` : ""}`),
      el("span", { class: "state" }, stateOf(incident)),
      el("span", { class: "sentence" }, last.sentence),
    );
  }
}

export function stateOf(incident) {
  if (incident.state === "resolved") return TEXTS.disposition[incident.last.disposition] ?? TEXTS.state.resolved;
  const parts = [incident.escalated ? TEXTS.escalated : TEXTS.state[incident.state]];
  if (incident.claimed) parts[0] = TEXTS.claimedBy(incident.claimed);
  if (incident.ended) parts.push(TEXTS.sinceEnded);
  return parts.join(" · ");
}

customElements.define("alert-list", AlertList);
