// The part of the API that changes the site.

import { call } from "../api.js";

const id = encodeURIComponent;
const put = (path, body, seen) => call(path, { method: "PUT", body, seen });
const post = (path, body, seen) => call(path, { method: "POST", body, seen });

export const siteApi = {
  document: () => call("/setup/document"),
  saveCamera: (camera, values, note, seen) => put(`/setup/cameras/${id(camera)}`, { values, note }, seen),
  removeCamera: (camera, seen) => call(`/setup/cameras/${id(camera)}`, { method: "DELETE", seen }),
  saveCalendar: (name, values, note, seen) => put(`/setup/calendars/${id(name)}`, { values, note }, seen),
  closed: (name, first, days) => call(`/setup/calendars/${id(name)}/closed?first=${first}&days=${days}`),
  versions: () => call("/setup/versions"),
  difference: (number) => call(`/setup/versions/${number}/difference`),
  restore: (number, seen) => post(`/setup/versions/${number}/restore`, undefined, seen),
  dryRun: (camera, values, days) => post("/setup/dry-runs", { camera_id: camera, values, days }),
  past: (camera, days) => call(`/setup/cameras/${id(camera)}/past?days=${days}`),
  tryCamera: (camera) => post("/setup/trials", { camera_id: camera }),
  trySource: (source) => post("/setup/trials", { source }),
  discover: () => post("/setup/discoveries"),
};
