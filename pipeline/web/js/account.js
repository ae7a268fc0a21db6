// One's own account: password, second factor, sessions. For administrators also everybody's accounts.

import { WORDS } from "./access-texts.js";
import { el } from "./dom.js";

const get = (id) => document.getElementById(id);

function csrf() {
  return document.cookie.split("; ").find((one) => /^(__Host-)?nightjar-csrf=/.test(one))?.split("=")[1] ?? "";
}

async function ask(path, { method = "GET", body, etag } = {}) {
  const headers = { Accept: "application/json", "X-Nightjar-CSRF": csrf() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag !== undefined) headers["If-Match"] = `"${etag}"`;
  const answer = await fetch(`/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const value = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(answer.status === 429 ? WORDS.wait(answer.headers.get("Retry-After")) : value.detail);
  return value;
}

const post = (path, body) => ask(path, { method: "POST", body });

function say(place, words) {
  get("problem").hidden = get("done").hidden = true;
  get(place).textContent = words;
  get(place).hidden = false;
}

// Runs what a form or a button asks for; what goes wrong is said on the page.
async function act(what) {
  try {
    const words = await what();
    if (words) say("done", words);
  } catch (error) {
    say("problem", error instanceof TypeError ? WORDS.unreachable : error.message);
  }
}

function on(id, event, what) {
  get(id).addEventListener(event, (told) => {
    told.preventDefault();
    act(() => what(told));
  });
}

async function factor() {
  const { on, recovery_codes_left: left } = await ask("/session/second-factor");
  get("factor-state").textContent = on ? WORDS.factorOn(left) : WORDS.factorOff;
  get("factor-codes").disabled = get("factor-off").disabled = !on;
}

function showCodes({ codes }) {
  get("recovery").hidden = false;
  get("recovery-lead").textContent = WORDS.recovery;
  get("recovery-codes").replaceChildren(...codes.map((code) => el("li", {}, el("code", {}, code))));
}

async function own(session) {
  get("own").hidden = false;
  await factor();
  const { items } = await ask("/session/all");
  get("sessions").replaceChildren(
    ...items.map((one) => el("tr", {}, el("td", {}, new Date(one.created_utc * 1000).toLocaleString("en-GB")), el("td", {}, one.address), el("td", {}, one.this ? WORDS.thisOne : one.agent))),
  );
}

async function everybody() {
  get("accounts").hidden = false;
  const { items } = await ask("/accounts");
  get("rows").replaceChildren(...items.map(row));
}

function row(account) {
  const path = `/accounts/${encodeURIComponent(account.name)}`;
  const button = (words, what) => el("button", { type: "button", onclick: () => act(what) }, words);
  const flip = async () => {
    await ask(path, { method: "PATCH", body: { disabled: !account.disabled }, etag: account.version });
    await everybody();
  };
  const reset = async () => invited(await post(`${path}/reset`));
  const end = async () => void (await post(`${path}/sign-out`));
  const state = account.disabled ? WORDS.off : account.has_password ? WORDS.on : WORDS.invited;
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, account.name),
    el("td", {}, account.role),
    el("td", {}, account.cameras?.join(", ") ?? WORDS.all),
    el("td", {}, state),
    el("td", {}, account.second_factor ? WORDS.yes : WORDS.no),
    el("td", {}, button(account.disabled ? WORDS.switchOn : WORDS.switchOff, flip), " ", button(WORDS.reset, reset), " ", button(WORDS.signOut, end)),
  );
}

async function invited({ account, link }) {
  get("invited").hidden = false;
  get("invited-lead").textContent = WORDS.link(account.name);
  get("invited-link").textContent = `${location.origin}/login.html#link=${link}`;
  await everybody();
}

async function start() {
  const session = await ask("/session");
  if (session.kind === "nobody") location.replace("/login.html?next=/account.html");
  if (session.kind !== "session") return say("done", WORDS.open);
  get("me").textContent = `${session.name} · ${session.role}`;
  await own(session);
  if (session.permissions.includes("admin")) await everybody();

  on("password-form", "submit", async () => {
    await post("/session/password", { old: get("old").value, new: get("new").value });
    get("password-form").reset();
    await own(session);
    return WORDS.changed;
  });
  on("factor-form", "submit", async (told) => {
    const password = get("factor-password").value;
    get("factor-form").reset();
    if (told.submitter?.value === "off") {
      await post("/session/second-factor/drop", { password });
      get("recovery").hidden = true;
      await factor();
      return WORDS.factorDropped;
    }
    if (told.submitter?.value === "codes") {
      showCodes(await post("/session/second-factor/recovery-codes", { password }));
      await factor();
      return WORDS.codesMade;
    }
    const begun = await post("/session/second-factor", { password });
    get("factor-secret").hidden = false;
    get("factor-lead").textContent = WORDS.factorConfirm;
    get("secret").textContent = begun.secret.replace(/(.{4})/g, "$1 ").trim();
    get("secret-address").href = begun.address;
    return null;
  });
  on("code-form", "submit", async () => {
    showCodes(await post("/session/second-factor/confirm", { code: get("code").value }));
    get("factor-secret").hidden = true;
    get("code-form").reset();
    await factor();
    return WORDS.factorDone;
  });
  on("elsewhere", "click", async () => {
    await ask("/session/all", { method: "DELETE" });
    await own(session);
    return WORDS.elsewhere;
  });
  on("add-form", "submit", async () => {
    const cameras = get("add-cameras").value.split(",").map((one) => one.trim()).filter(Boolean);
    const body = { name: get("add-name").value, role: get("add-role").value, cameras: cameras.length ? cameras : null };
    await invited(await post("/accounts", body));
    get("add-form").reset();
    return null;
  });
}

act(start);
