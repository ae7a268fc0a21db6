// The desk's state: every alert known, folded into incidents, sorted the way an operator works them off.

const RANK = { high: 0, medium: 1, low: 2 };
const STATE = { new: 0, acknowledged: 1, shelved: 2, resolved: 3 };

export class Desk extends EventTarget {
  alerts = new Map(); // alert_id -> alert
  chosen = null; // incident_id
  filter = { text: "", camera: "", kind: "", severity: "", resolved: false };

  put(alert) {
    const known = this.alerts.get(alert.alert_id);
    this.alerts.set(alert.alert_id, alert);
    this.dispatchEvent(new CustomEvent("change", { detail: { alert, fresh: known === undefined } }));
  }

  load(alerts) {
    for (const alert of alerts) this.alerts.set(alert.alert_id, alert);
    this.dispatchEvent(new CustomEvent("change", { detail: { fresh: false } }));
  }

  choose(incident) {
    this.chosen = incident;
    this.dispatchEvent(new CustomEvent("choose"));
  }

  setFilter(change) {
    this.filter = { ...this.filter, ...change };
    this.dispatchEvent(new CustomEvent("change", { detail: { fresh: false, filter: true } }));
  }

  incident(id) {
    return this.incidents().find((incident) => incident.id === id) ?? null;
  }

  incidents() {
    const groups = new Map();
    for (const alert of this.alerts.values()) {
      const group = groups.get(alert.incident_id) ?? [];
      group.push(alert);
      groups.set(alert.incident_id, group);
    }
    return [...groups].map(([id, alerts]) => fold(id, alerts)).sort(order);
  }

  shown() {
    return this.incidents().filter((incident) => matches(incident, this.filter));
  }

  counts() {
    let fresh = 0;
    let open = 0;
    for (const incident of this.incidents()) {
      if (incident.state === "new") fresh += 1;
      if (incident.state !== "resolved") open += 1;
    }
    return { fresh, open };
  }
}

function fold(id, alerts) {
  alerts.sort((a, b) => a.utc - b.utc);
  const first = alerts[0];
  const worst = alerts.reduce((a, b) => (RANK[b.severity] < RANK[a.severity] ? b : a));
  const state = alerts.reduce((a, b) => (STATE[b.state] < STATE[a.state] ? b : a)).state;
  return { id, alerts, first, last: alerts.at(-1), severity: worst.severity, state };
}

function order(a, b) {
  return (
    Number(a.state === "resolved") - Number(b.state === "resolved") ||
    STATE[a.state] - STATE[b.state] ||
    RANK[a.severity] - RANK[b.severity] ||
    (a.state === "resolved" ? b.first.utc - a.first.utc : a.first.utc - b.first.utc)
  );
}

function matches(incident, filter) {
  const { first } = incident;
  if (!filter.resolved && incident.state === "resolved") return false;
  if (filter.camera && first.camera_id !== filter.camera) return false;
  if (filter.kind && first.kind !== filter.kind) return false;
  if (filter.severity && incident.severity !== filter.severity) return false;
  const text = filter.text.trim().toLowerCase();
  if (!text) return true;
  const words = [first.camera_id, first.zone_id, first.rule_id, first.kind, ...incident.alerts.map((a) => a.sentence)];
  return words.some((word) => word?.toLowerCase().includes(text));
}
