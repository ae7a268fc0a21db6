// Signing in, and the links that make the first account or set a password.

import { WORDS } from "./access-texts.js";

const CODE_NEEDED = "urn:nightjar:code-needed";
const get = (id) => document.getElementById(id);

async function send(path, body) {
  const answer = await fetch(`/api/v1/session${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const value = await answer.json();
  if (answer.ok) return value;
  throw Object.assign(new Error(answer.status === 429 ? WORDS.wait(answer.headers.get("Retry-After")) : value.detail), { kind: value.type });
}

function next() {
  // Only a path of our own: never another site, however it is written.
  const wanted = new URLSearchParams(location.search).get("next") ?? "/";
  const there = new URL(wanted, location.origin);
  return there.origin === location.origin && !there.pathname.startsWith("/login") ? there.pathname : "/";
}

function say(words) {
  get("problem").hidden = !words;
  get("problem").textContent = words ?? "";
}

function lead(words) {
  get("lead").hidden = false;
  get("lead").textContent = words;
}

function askNewPassword(account) {
  const first = account === null;
  get("title").textContent = first ? WORDS.setupTitle : WORDS.passwordTitle(account);
  document.title = `${get("title").textContent} · Nightjar`;
  lead(first ? WORDS.setupLead : WORDS.passwordLead);
  if (!first) {
    get("name").value = account;
    get("name").readOnly = true;
  }
  get("password").autocomplete = "new-password";
  get("hint").hidden = false;
  get("hint").textContent = WORDS.hint;
  get("again-field").hidden = false;
  get("again").required = true;
  get("go").textContent = WORDS.set;
}

async function enter(token) {
  const [name, password] = [get("name").value.trim(), get("password").value];
  if (token) {
    if (password !== get("again").value) throw new Error(WORDS.differ);
    await send("/link", { token, name, password });
  } else {
    await send("", { name, password, code: get("code").value.trim() });
  }
  location.replace(next());
}

function failed(error) {
  if (error.kind === CODE_NEEDED && get("code-field").hidden) {
    get("code-field").hidden = false;
    get("code").required = true;
    get("code").focus();
    lead(WORDS.codeNeeded);
    return;
  }
  say(error instanceof TypeError ? WORDS.unreachable : error.message);
  const field = get("code-field").hidden ? get("password") : get("code");
  field.select();
}

// Another way in, where the site has a provider of its own.
async function offerElsewhere() {
  const { name } = await send("/oidc/offer");
  if (!name) return;
  get("elsewhere").hidden = false;
  get("elsewhere-link").textContent = WORDS.provider(name);
  get("elsewhere-link").href = `/api/v1/session/oidc?after=${encodeURIComponent(next())}`;
}

async function start() {
  const token = new URLSearchParams(location.hash.slice(1)).get("link");
  if (token) {
    history.replaceState(null, "", location.pathname + location.search); // the link is not left in the history
    askNewPassword((await send("/link/look", { token })).account);
  } else {
    const session = await send("");
    if (session.kind === "session") location.replace(next());
    if (session.kind === "open") {
      lead(WORDS.open);
      get("form").replaceChildren(Object.assign(document.createElement("a"), { href: "/", textContent: WORDS.toPage }));
      return;
    }
    say(WORDS.cameBack[new URLSearchParams(location.search).get("problem")] ?? null);
    offerElsewhere().catch(() => {});
  }
  get("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    say(null);
    get("go").disabled = true;
    await enter(token).catch(failed);
    get("go").disabled = false;
  });
  (get("name").readOnly ? get("password") : get("name")).focus();
}

start().catch(failed);
