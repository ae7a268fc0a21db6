// The commissioning sheet on screen and on paper: who, when, what was reached and what was not.

import { el } from "../dom.js";
import { both, clock, span } from "../time.js";
import { WORDS } from "./texts.js";
import { walkApi } from "./walk-api.js";

export function sheetView(walk) {
  const lacking = walk.targets.filter((one) => one.reached_utc === null).length;
  return el(
    "article",
    { class: "sheet" },
    el("h2", {}, WORDS.sheet),
    el("p", {}, WORDS.by(walk.actor, both(walk.begun_utc))),
    el("p", { class: "quiet" }, walk.ended_utc === null ? WORDS.going : WORDS.lasted(span(walk.ended_utc - walk.begun_utc), WORDS.ended(walk.ended_by))),
    el("p", { class: "quiet" }, WORDS.version(walk.version)),
    walk.note ? el("p", {}, walk.note) : null,
    el("p", { class: lacking ? "lacking" : "good" }, lacking ? WORDS.lacking(lacking) : WORDS.whole),
    ...walk.cameras.map((met) => cameraPart(met, walk.targets.filter((one) => one.camera_id === met.camera_id))),
    el("p", { class: "sheet-acts no-print" }, el("button", { type: "button", onclick: () => print() }, WORDS.print), el("a", { class: "as-button", href: walkApi.sheetUrl(walk.walk_id) }, WORDS.pdf)),
  );
}

function cameraPart(met, targets) {
  const row = (one) => {
    const done = one.reached_utc !== null;
    const cells = [WORDS.kind[one.kind], one.name, done ? clock(one.reached_utc) : el("span", { class: "lacking" }, WORDS.notReached), done ? one.foot.map((v) => v.toFixed(3)).join(", ") : "–", done ? `${Math.round(one.height_px)} px` : "–", one.way ? WORDS.way[one.way] : "–"];
    return el("tr", {}, ...cells.map((cell) => el("td", {}, cell)));
  };
  const table = el("table", { "aria-label": met.camera_id }, el("thead", {}, el("tr", {}, ...WORDS.heads.map((head) => (head ? el("th", { scope: "col" }, head) : el("td", {}))))), el("tbody", {}, ...targets.map(row)));
  return el("section", {}, el("h3", {}, met.camera_id), el("p", { class: "quiet" }, WORDS.heights(met)), el("div", { class: "scroll" }, table));
}
