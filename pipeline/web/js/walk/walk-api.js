// The part of the API that walks are made of.

import { call } from "../api.js";

const id = encodeURIComponent;
const post = (path, body) => call(path, { method: "POST", body });

export const walkApi = {
  list: () => call("/setup/walks"),
  get: (walk) => call(`/setup/walks/${id(walk)}`),
  begin: (cameras, minutes) => post("/setup/walks", { cameras, minutes }),
  end: (walk, note) => post(`/setup/walks/${id(walk)}/end`, { note }),
  liveUrl: (walk) => `/api/v1/setup/walks/${id(walk)}/live`,
  sheetUrl: (walk) => `/api/v1/setup/walks/${id(walk)}/sheet.pdf`,
};
