// What every page has: the site, who is there and what they may do, the pages to go to, and the session kept alive.

import { api } from "./api.js";
import { el } from "./dom.js";
import { TEXTS } from "./texts.js";
import { setZone } from "./time.js";

const ALIVE_MS = 60_000;

export async function frame() {
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = TEXTS.page[node.dataset.text];
  const [site, session] = await Promise.all([api.site(), api.session()]);
  setZone(site.timezone);
  document.getElementById("site").textContent = site.name;
  document.title = `${site.name} · Nightjar`;
  const may = (permission) => session.permissions.includes(permission);
  const here = location.pathname === "/index.html" ? "/" : location.pathname;
  document.getElementById("pages").replaceChildren(
    ...TEXTS.pages.filter(([, , needed]) => !needed || may(needed)).map(([address, words]) => el("a", { href: address, "aria-current": address === here ? "page" : null }, words)),
  );
  if (session.kind === "session") keepAlive(session);
  if (session.kind === "open") document.getElementById("who")?.replaceChildren(el("span", { class: "quiet", title: TEXTS.openTitle }, TEXTS.open));
  return { site, may, actor: session.name };
}

function keepAlive(session) {
  const place = document.getElementById("who");
  place?.replaceChildren(el("a", { class: "quiet", href: "/account.html" }, session.name), el("button", { type: "button", class: "plain", onclick: async () => (await api.signOut(), location.assign("/login.html")) }, TEXTS.signOut));
  let last = 0;
  for (const name of ["keydown", "pointerdown"]) {
    document.addEventListener(name, () => {
      if (Date.now() - last < ALIVE_MS) return;
      last = Date.now();
      api.alive().catch(() => {});
    });
  }
}
