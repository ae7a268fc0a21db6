// The keyboard: one table from key to act; typing in a field is left alone.

import { el } from "./dom.js";
import { TEXTS } from "./texts.js";

export function bindKeys(acts, dialog) {
  dialog.append(
    el("h2", { id: "keys-title" }, "Keys"),
    el("dl", {}, TEXTS.keys.flatMap(([key, words]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, words)])),
    el("form", { method: "dialog" }, el("button", {}, "Close ", el("kbd", {}, "Esc"))),
  );
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "Escape" && typing) {
      typing.blur();
      return;
    }
    const pressing = event.key === " " && event.target.closest("button, summary, video");
    const act = acts[event.key.toLowerCase()];
    if (typing || pressing || !act || (dialog.open && event.key !== "?")) return;
    event.preventDefault();
    act();
  });
}
