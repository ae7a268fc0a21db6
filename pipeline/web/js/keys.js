// The keyboard: one table from key to act; typing in a field is left alone, and so is an open dialog.

import { el } from "./dom.js";
import { TEXTS } from "./texts.js";

export function bindKeys(acts, dialog) {
  dialog.append(
    el("h2", { id: "keys-title" }, TEXTS.keysTitle),
    el("dl", {}, TEXTS.keys.flatMap(([key, words]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, words)])),
    el("form", { method: "dialog" }, el("button", {}, TEXTS.close, " ", el("kbd", {}, "Esc"))),
  );
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    const open = document.querySelector("dialog[open]");
    if (event.key === "Escape" && typing && !open) {
      typing.blur();
      return;
    }
    const pressing = event.key === " " && event.target.closest("button, summary, video, input, a");
    const act = acts[event.key.toLowerCase()];
    if (typing || pressing || !act || (open && !(open === dialog && event.key === "?"))) return;
    event.preventDefault();
    act();
  });
}
