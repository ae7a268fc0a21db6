// The desk's state: every alert known, folded into incidents as they come, sorted the way an operator works them off.
// Changes are gathered and told once a frame, so that a burst costs one drawing.

const RANK = { high: 0, medium: 1, low: 2 };
const STATE = { new: 0, acknowledged: 1, shelved: 2, resolved: 3 };
export const NO_FILTER = { text: "", camera: "", zone: "", kind: "", severity: "", state: "", since: 0, until: 0 };

export class Desk extends EventTarget {
  alerts = new Map(); // alert_id -> alert
  #incidents = new Map(); // incident_id -> folded incident
  #members = new Map(); // incident_id -> Map(alert_id -> alert)
  #sorted = null;
  #told = false;
  chosen = null; // incident_id
  filter = { ...NO_FILTER };
  opened = new Set(); // keys of flood groups that are unfolded

  put(alert) {
    this.#take(alert);
    this.#tell();
  }

  load(alerts) {
    // What is known already came later, over the feed.
    for (const alert of alerts) if (!this.alerts.has(alert.alert_id)) this.#take(alert);
    this.#tell();
  }

  choose(incident) {
    this.chosen = incident;
    this.dispatchEvent(new CustomEvent("choose"));
  }

  setFilter(change) {
    this.filter = { ...this.filter, ...change };
    this.dispatchEvent(new CustomEvent("filter"));
  }

  incident(id) {
    return this.#incidents.get(id) ?? null;
  }

  // Incidents in order; those of a flood folded behind the one that stands for their cause and zone.
  rows() {
    this.#sorted ??= [...this.#incidents.values()].sort(order);
    const shown = this.#sorted.filter((incident) => matches(incident, this.filter));
    const heads = new Map();
    for (const incident of shown) incident.alike = [];
    for (const incident of shown) if (incident.state !== "resolved" && !incident.grouped) heads.set(place(incident), heads.get(place(incident)) ?? incident);
    const rows = [];
    for (const incident of shown) {
      const key = place(incident);
      if (incident.grouped && incident.state !== "resolved" && !heads.has(key)) heads.set(key, incident);
      const head = heads.get(key);
      if (incident.grouped && incident.state !== "resolved" && head !== incident) {
        head.alike.push(incident);
        if (this.opened.has(key)) rows.push(incident);
      } else rows.push(incident);
    }
    return rows;
  }

  alike(incident) {
    const key = place(incident);
    return [...this.#incidents.values()].filter((one) => one.grouped && one.state !== "resolved" && one.id !== incident.id && place(one) === key);
  }

  neighbours(incident, within = 900) {
    const at = incident.first.utc;
    return [...this.#incidents.values()]
      .filter((one) => one.id !== incident.id && Math.abs(one.first.utc - at) <= within)
      .sort((a, b) => Math.abs(a.first.utc - at) - Math.abs(b.first.utc - at))
      .slice(0, 6)
      .sort((a, b) => a.first.utc - b.first.utc);
  }

  counts() {
    let fresh = 0;
    let open = 0;
    for (const { state } of this.#incidents.values()) {
      if (state === "new") fresh += 1;
      if (state === "new" || state === "acknowledged") open += 1;
    }
    return { fresh, open };
  }

  #take(alert) {
    this.alerts.set(alert.alert_id, alert);
    const id = alert.incident_id;
    if (!this.#members.has(id)) this.#members.set(id, new Map());
    const members = this.#members.get(id);
    members.set(alert.alert_id, alert);
    this.#incidents.set(id, fold(id, [...members.values()]));
    this.#sorted = null;
  }

  #tell() {
    if (this.#told) return;
    this.#told = true;
    setTimeout(() => {
      this.#told = false;
      this.dispatchEvent(new CustomEvent("change"));
    }, 16);
  }
}

export const place = (incident) => `${incident.first.camera_id}\u001f${incident.first.rule_id}\u001f${incident.first.zone_id ?? ""}`;

function fold(id, alerts) {
  alerts.sort((a, b) => a.utc - b.utc);
  const worst = alerts.reduce((a, b) => (RANK[b.severity] < RANK[a.severity] ? b : a));
  const state = alerts.reduce((a, b) => (STATE[b.state] < STATE[a.state] ? b : a)).state;
  const open = alerts.filter((alert) => alert.state !== "resolved");
  const held = open.find((alert) => alert.claimed_by) ?? null;
  return {
    id, alerts, first: alerts[0], last: alerts.at(-1), severity: worst.severity, state,
    claimed: held?.claimed_by ?? null, until: held?.claim_until_utc ?? null,
    escalated: open.some((alert) => alert.escalated_utc && alert.state === "new"),
    grouped: alerts.every((alert) => alert.grouped), alike: [],
    ended: alerts.every((alert) => alert.ended_utc !== null && alert.ended_utc !== undefined),
  };
}

// Unclaimed first, then by severity, then the oldest; what is done comes last, the newest first.
function order(a, b) {
  return (
    STATE[a.state] - STATE[b.state] ||
    (a.state === "resolved" ? b.first.utc - a.first.utc : 0) ||
    Number(Boolean(a.claimed)) - Number(Boolean(b.claimed)) ||
    RANK[a.severity] - RANK[b.severity] ||
    a.first.utc - b.first.utc ||
    (a.id < b.id ? -1 : 1)
  );
}

function matches(incident, filter) {
  const { first } = incident;
  if (filter.state === "all") {
    // everything
  } else if (filter.state) {
    if (filter.state === "claimed" ? !incident.claimed || incident.state === "resolved" : incident.state !== filter.state) return false;
  } else if (incident.state === "resolved" || (incident.state === "shelved" && incident.ended)) return false;
  if (filter.camera && first.camera_id !== filter.camera) return false;
  if (filter.zone && first.zone_id !== filter.zone) return false;
  if (filter.kind && first.kind !== filter.kind) return false;
  if (filter.severity && incident.severity !== filter.severity) return false;
  if (filter.since && incident.last.utc < filter.since) return false;
  if (filter.until && first.utc >= filter.until) return false;
  const wanted = filter.text.trim().toLowerCase();
  if (!wanted) return true;
  const words = [first.camera_id, first.zone_id, first.rule_id, first.kind, ...incident.alerts.flatMap((a) => [a.sentence, a.note])].join(" ").toLowerCase();
  return wanted.split(/\s+/).every((word) => words.includes(word));
}
