// A camera's address, tried before anybody relies on it, and the few values beside its zones and rules.

import { el } from "../dom.js";
import { siteApi } from "./site-api.js";
import { WORDS } from "./texts.js";

export function cameraForm(model, { mayEdit, isNew, show, failed }) {
  const { values } = model;
  const field = (label, key, attributes, read) => {
    const input = el("input", { value: values[key] ?? "", disabled: !mayEdit, ...attributes });
    input.addEventListener("change", () => model.change((all) => (input.value === "" ? delete all[key] : (all[key] = read(input.value)))));
    return el("label", { class: "wide" }, label, input);
  };
  const source = field(WORDS.source, "source", { type: "text", autocomplete: "off", spellcheck: "false" }, (text) => text.trim());
  const said = el("p", { role: "status" }, "");
  const tryIt = el("button", { type: "button", onclick: () => attempt(model, { isNew, said, show, failed }) }, WORDS.tryCamera);
  const moves = el("input", { type: "checkbox", checked: values.moves === true, disabled: !mayEdit });
  moves.addEventListener("change", () => model.change((all) => (moves.checked ? (all.moves = true) : delete all.moves)));
  return el(
    "div",
    { class: "fields" },
    source,
    el("p", { class: "wide quiet" }, WORDS.sourceHint),
    mayEdit ? el("div", { class: "wide tools" }, tryIt, isNew ? finding(model, failed) : null) : null,
    el("div", { class: "wide" }, said),
    field(WORDS.analyze, "analyze_fps", { type: "number", min: 0.5, max: 30, step: "any", placeholder: "5" }, Number),
    field(WORDS.purpose, "purpose", { type: "text", maxlength: 300 }, (text) => text.trim()),
    el("label", { class: "wide tick" }, moves, WORDS.moves),
  );
}

async function attempt(model, { isNew, said, show, failed }) {
  said.textContent = WORDS.tryingCamera;
  try {
    const changed = isNew || model.values.source !== model.saved.source;
    const trial = await (changed ? siteApi.trySource(model.values.source ?? "") : siteApi.tryCamera(model.cameraId));
    said.textContent = trial.works ? WORDS.works(trial) : WORDS.fails(trial);
    if (trial.works) show(`data:image/jpeg;base64,${trial.picture}`, trial.width, trial.height);
  } catch (error) {
    said.textContent = "";
    failed(error);
  }
}

function finding(model, failed) {
  const list = el("div", { class: "wide" });
  const look = async () => {
    list.replaceChildren(el("p", { class: "quiet" }, WORDS.finding));
    try {
      const { items } = await siteApi.discover();
      const take = (one) => model.change((all) => (all.source = `rtsp://${one.host}/`));
      const rows = items.map((one) => el("li", {}, el("button", { type: "button", class: "plain", onclick: () => take(one) }, one.host), ` ${one.name} ${one.hardware}`));
      list.replaceChildren(el("p", {}, WORDS.found(items.length)), el("ul", {}, ...rows));
    } catch (error) {
      list.replaceChildren();
      failed(error);
    }
  };
  return el("div", {}, el("button", { type: "button", onclick: look }, WORDS.find), list);
}
