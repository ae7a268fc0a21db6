// Every state that the site file was in: who, when, what changed, and the way back.

import { el } from "../dom.js";
import { both } from "../time.js";
import { siteApi } from "./site-api.js";
import { WORDS } from "./texts.js";

export async function versionsView({ digest, mayEdit, restored, failed }) {
  const { items } = await siteApi.versions();
  const place = el("div", {});
  const show = async (number) => {
    const { lines } = await siteApi.difference(number).catch((error) => (failed(error), { lines: [] }));
    const shown = lines.length ? lines.map((line) => el("div", { class: kindOf(line) }, line)) : [WORDS.noDifference];
    place.replaceChildren(el("h3", {}, WORDS.diff), el("div", { class: "diff" }, ...shown));
  };
  const back = async (number) => {
    try {
      await siteApi.restore(number, digest);
      await restored();
    } catch (error) {
      failed(error);
    }
  };
  const rows = items.map((one, i) => el(
    "li",
    {},
    el("button", { type: "button", class: "plain", onclick: () => show(one.number) }, WORDS.version(one.number, one.actor, both(one.utc))),
    one.note ? el("span", { class: "quiet" }, ` ${one.note} `) : null,
    mayEdit && i > 0 ? el("button", { type: "button", class: "plain", onclick: () => back(one.number) }, WORDS.back) : null,
  ));
  return el("div", {}, el("h2", {}, WORDS.versions), el("ol", { reversed: true }, ...rows), place);
}

const kindOf = (line) => (line.startsWith("+") ? "added" : line.startsWith("-") ? "gone" : null);
