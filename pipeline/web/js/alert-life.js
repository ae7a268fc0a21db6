// What an operator does about an incident: acknowledge, claim, hand over, tick off the protocol, shelve, resolve.

import { api } from "./api.js";
import { el } from "./dom.js";
import { clock } from "./time.js";
import { TEXTS } from "./texts.js";

export class AlertLife extends HTMLElement {
  #said = "";
  #protocolOf = null;
  #protocol = null;

  connect(desk, act) {
    this.desk = desk;
    this.act = act;
    this.steps = el("div", { class: "steps" });
    this.sent = el("div", { class: "sent" });
    this.buttons = el("div", { class: "actions" });
    this.noteField = el("input", { id: "note", class: "note", maxlength: "2000", autocomplete: "off", placeholder: TEXTS.note, "aria-label": TEXTS.note });
  }

  note() {
    return this.noteField.value;
  }

  show(incident) {
    if (!this.buttons.isConnected) this.replaceChildren(this.buttons, this.steps, this.sent);
    const alike = this.desk.alike(incident).length;
    const said = JSON.stringify([incident.id, incident.state, incident.claimed, alike, incident.alerts.length, incident.last.updated_utc]);
    if (said === this.#said) return;
    this.#said = said;
    if (this.#protocolOf !== incident.id) {
      this.noteField.value = "";
      this.#protocol = null;
      this.steps.replaceChildren();
      this.sent.replaceChildren();
    }
    this.#buttons(incident, alike);
    this.#fetch(incident);
  }

  async #fetch(incident) {
    this.#protocolOf = incident.id;
    try {
      const [protocol, sent] = await Promise.all([api.protocol(incident.id), api.deliveries(incident.last.alert_id).catch(() => ({ items: [] }))]);
      if (this.#protocolOf !== incident.id) return;
      this.#showProtocol(incident, protocol);
      this.#showSent(sent.items ?? []);
    } catch {
      // the incident stands without its protocol; resolving says what is demanded
    }
  }

  #buttons(incident, alike) {
    if (incident.state === "resolved") {
      const { disposition, note, resolved_by: by, resolved_utc: utc } = incident.last;
      this.buttons.replaceChildren(el("p", {}, el("b", {}, TEXTS.disposition[disposition] ?? ""), note ? `: ${note}` : "", ` (${by}, ${clock(utc)})`));
      return;
    }
    if (!this.act.may("operate")) {
      this.buttons.replaceChildren(el("p", { class: "quiet" }, TEXTS.onlyLooking));
      return;
    }
    const others = incident.claimed && incident.claimed !== this.act.actor;
    const mine = incident.claimed === this.act.actor;
    const resolve = Object.entries(TEXTS.disposition).map(([name, words], at) => key(words, String(at + 1), () => this.act.resolve(name), { disabled: others }));
    this.buttons.replaceChildren(
      el("div", { class: "first" },
        incident.state === "new" && key(TEXTS.acknowledge, "A", () => this.act.acknowledge(), { class: "primary" }),
        incident.state !== "shelved" && !others && key(mine ? TEXTS.release : TEXTS.claim, "C", () => this.act.claim(), { class: incident.state === "new" || mine ? "" : "primary" }),
        incident.state !== "shelved" && !others && key(TEXTS.handOver, "G", () => this.act.handOver()),
        !incident.last.system && incident.state !== "shelved" && key(TEXTS.shelve, "S", () => this.act.shelve()),
        others && el("p", { class: "held" }, TEXTS.heldBy(incident.claimed, clock(incident.until))),
        this.noteField,
        mine && el("p", { class: "quiet" }, TEXTS.mineUntil(clock(incident.until))),
      ),
      el("fieldset", {}, el("legend", {}, alike ? TEXTS.resolveAlike(alike) : TEXTS.resolve), ...resolve),
    );
  }

  #showProtocol(incident, protocol) {
    this.#protocol = protocol;
    const { steps, confirmed } = protocol;
    if (!steps.length && !protocol.second_person) {
      this.steps.replaceChildren();
      return;
    }
    const locked = incident.state === "resolved" || !this.act.may("operate");
    const items = steps.map(({ step, done_by: by, done_utc: utc }) => {
      const box = el("input", { type: "checkbox", checked: Boolean(by), disabled: locked });
      box.addEventListener("change", () => this.#change(incident, () => api.tick(incident.id, step, box.checked)));
      return el("li", {}, el("label", {}, box, " ", step, by && el("span", { class: "quiet" }, ` ${by}, ${clock(utc)}`)));
    });
    const second = protocol.second_person && el("p", { class: "second" },
      confirmed.length ? TEXTS.confirmedBy(confirmed.map((one) => one.actor).join(", ")) : TEXTS.secondPerson, " ",
      !locked && el("button", { type: "button", onclick: () => this.#change(incident, () => api.confirm(incident.id)) }, TEXTS.confirm));
    this.steps.replaceChildren(el("h3", {}, TEXTS.protocol, protocol.all_steps && el("span", { class: "chip" }, TEXTS.demanded)), el("ol", {}, items), second || "");
  }

  async #change(incident, change) {
    try {
      this.#showProtocol(incident, await change());
    } catch (error) {
      this.act.failed(error);
      if (this.#protocol) this.#showProtocol(incident, this.#protocol);
    }
  }

  #showSent(items) {
    this.sent.replaceChildren(...(items.length ? [el("h3", {}, TEXTS.sentTo), el("ul", {}, items.map((one) => el("li", { class: one.state }, `${one.sink}: ${TEXTS.told[one.told] ?? one.told}, ${TEXTS.delivery[one.state] ?? one.state}`, one.remark && el("span", { class: "quiet" }, ` ${one.remark}`))))] : []));
  }
}

function key(words, letter, act, attributes = {}) {
  return el("button", { type: "button", onclick: act, "aria-keyshortcuts": letter, ...attributes }, words, " ", el("kbd", {}, letter));
}

customElements.define("alert-life", AlertLife);
