// Older alerts, fetched page by page: first the rest of what is open, then, as the end of the list comes in sight, what
// the filter asks for.

import { api } from "./api.js";

const PAGE = 500;

export class History {
  #cursor = null;
  #asked = "";
  #busy = false;
  #ended = false;

  constructor(desk, list, openCursor) {
    this.desk = desk;
    this.list = list;
    this.open = openCursor;
  }

  async start() {
    while (this.open) {
      const page = await this.#fetch({ open: "true", cursor: this.open });
      if (!page) return;
      this.open = page.next_cursor;
    }
    this.list.more = () => this.#more();
    this.desk.addEventListener("filter", () => this.#more());
    this.#more();
  }

  #wanted() {
    const { text, camera, zone, kind, severity, state, since, until } = this.desk.filter;
    const states = state === "all" ? "" : state === "claimed" ? "acknowledged" : state;
    return { text, camera, zone, kind, severity, state: states, since: since || "", until: until || "" };
  }

  async #more() {
    const wanted = this.#wanted();
    if (this.#busy || !this.desk.filter.state) return;
    const asked = JSON.stringify(wanted);
    if (asked !== this.#asked) {
      this.#asked = asked;
      this.#cursor = null;
      this.#ended = false;
    }
    if (this.#ended) return;
    this.#busy = true;
    const page = await this.#fetch({ ...wanted, cursor: this.#cursor ?? "" });
    this.#busy = false;
    if (!page) return;
    this.#cursor = page.next_cursor;
    this.#ended = !page.next_cursor;
    if (JSON.stringify(this.#wanted()) !== asked) this.#more();
  }

  async #fetch(values) {
    try {
      const page = await api.alerts({ limit: String(PAGE), ...values });
      this.desk.load(page.items);
      return page;
    } catch {
      return null; // a lost connection is said by the feed; scrolling on asks again
    }
  }
}
