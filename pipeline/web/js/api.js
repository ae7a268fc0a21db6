// The only module that knows addresses of the API.

const BASE = "/api/v1";

async function call(path, { method = "GET", body } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(BASE + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    throw new Error(`${answer.status} without a readable answer`);
  }
  if (!answer.ok) throw new Error(value?.detail ?? value?.title ?? `answer ${answer.status}`);
  return value;
}

export const api = {
  site: () => call("/site"),
  cameras: () => call("/cameras"),
  alerts: (query) => call(`/alerts?${new URLSearchParams(query)}`),
  alert: (id) => call(`/alerts/${encodeURIComponent(id)}`),
  acknowledge: (id) => call(`/alerts/${encodeURIComponent(id)}/acknowledge`, { method: "POST", body: {} }),
  resolve: (id, disposition, note) =>
    call(`/alerts/${encodeURIComponent(id)}/resolve`, { method: "POST", body: { disposition, note } }),
  feedUrl: (after) => `${BASE}/feed?after=${after}`,
  evidenceUrl: (id) => `${BASE}/evidence/${encodeURIComponent(id)}`,
  pictureUrl: (camera, turn) => `${BASE}/cameras/${encodeURIComponent(camera)}/picture?turn=${turn}`,
};
