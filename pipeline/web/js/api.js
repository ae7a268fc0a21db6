// The only module that knows addresses of the API.

const BASE = "/api/v1";

export class Problem extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

function csrf() {
  const found = document.cookie.split("; ").find((one) => /^(__Host-)?nightjar-csrf=/.test(one));
  return found ? found.slice(found.indexOf("=") + 1) : "";
}

export async function call(path, { method = "GET", body, seen } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-Nightjar-CSRF"] = csrf();
  if (seen) headers["If-Match"] = `"${seen}"`;
  const answer = await fetch(BASE + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (answer.status === 401) location.assign(`/login.html?next=${encodeURIComponent(location.pathname)}`);
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    throw new Problem(`${answer.status} without a readable answer`, answer.status);
  }
  if (!answer.ok) throw new Problem(value?.detail ?? value?.title ?? `answer ${answer.status}`, answer.status);
  return value;
}

// A file that is made on demand: its name as the server gives it, and its bytes.
async function fetchFile(path, body) {
  const headers = { Accept: "*/*", "Content-Type": "application/json", "X-Nightjar-CSRF": csrf() };
  const answer = await fetch(BASE + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Problem((await answer.json().catch(() => null))?.detail ?? `answer ${answer.status}`, answer.status);
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "evidence.zip";
  return { name, blob: await answer.blob() };
}

const post = (path, body) => call(path, { method: "POST", body });
const id = encodeURIComponent;

function query(values) {
  const filled = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return new URLSearchParams(filled);
}

export const api = {
  session: () => call("/session"),
  alive: () => post("/session/alive"),
  signOut: () => call("/session", { method: "DELETE" }),
  site: () => call("/site"),
  desk: () => call("/desk"),
  cameras: () => call("/cameras"),
  alerts: (values) => call(`/alerts?${query(values)}`),
  alertsOf: (cameras, values) => call(`/alerts?${[query(values), ...cameras.map((name) => `camera=${id(name)}`)].join("&")}`),
  exportMany: (body) => fetchFile("/exports", body),
  trail: (values) => call(`/audit?${query(values)}`),
  erase: (body) => post("/erasures", body),
  raise: (body) => post("/alerts", body),
  together: (body) => post("/alerts/together", body),
  shelve: (alert, reason, minutes) => post(`/alerts/${id(alert)}/shelve`, { reason, minutes }),
  endShelf: (shelf) => post(`/shelves/${shelf}/end`),
  track: (alert) => call(`/alerts/${id(alert)}/track`),
  deliveries: (alert) => call(`/alerts/${id(alert)}/deliveries`),
  shiftReportUrl: (since, until) => `${BASE}/shift/report.pdf?${query({ since, until })}`,
  reportUrl: (incident) => `${BASE}/incidents/${id(incident)}/report.pdf`,
  exportUrl: (alert) => `${BASE}/alerts/${id(alert)}/export`,
  acknowledge: (incident) => post(`/incidents/${id(incident)}/acknowledge`),
  claim: (incident) => post(`/incidents/${id(incident)}/claim`),
  release: (incident) => post(`/incidents/${id(incident)}/release`),
  handOver: (incident, to, note) => post(`/incidents/${id(incident)}/hand-over`, { to, note }),
  resolve: (incident, disposition, note) => post(`/incidents/${id(incident)}/resolve`, { disposition, note }),
  protocol: (incident) => call(`/incidents/${id(incident)}/protocol`),
  tick: (incident, step, done) => post(`/incidents/${id(incident)}/tick`, { step, done }),
  confirm: (incident) => post(`/incidents/${id(incident)}/confirm`),
  handovers: () => call("/handovers"),
  handOverShift: (note) => post("/handovers", { note }),
  shift: (since, until) => call(`/shift?${query({ since, until })}`),
  inputs: () => call("/inputs"),
  takeInput: (body) => post("/inputs", body),
  endInput: (input) => post(`/inputs/${id(input)}/end`),
  sinks: () => call("/sinks"),
  deadLetters: (sink) => call(`/sinks/${encodeURIComponent(sink)}/dead`),
  retrySink: (sink) => call(`/sinks/${encodeURIComponent(sink)}/retry`, { method: "POST" }),
  feedUrl: (after) => `${BASE}/feed?after=${after}`,
  evidenceUrl: (evidence) => `${BASE}/evidence/${id(evidence)}`,
  pictureUrl: (camera, turn) => `${BASE}/cameras/${id(camera)}/picture?turn=${turn}`,
};
