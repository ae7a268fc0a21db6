// One camera's part of the site while it is edited: its shapes and values, with undo, told to whoever listens.

const LISTS = { mask: "masks", ignore: "ignore" };
const round = (value) => Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
const copy = (value) => JSON.parse(JSON.stringify(value));

export class CameraModel extends EventTarget {
  constructor(cameraId, values) {
    super();
    this.cameraId = cameraId;
    this.saved = copy(values);
    this.values = copy(values);
    this.past = [];
    this.future = [];
    this.chosen = null;
  }

  // What was saved is the new ground; what came before can still be taken back, and saved again.
  keepHistory(before) {
    this.past = [...before.past];
    this.future = [...before.future];
    this.chosen = before.chosen && this.shape(before.chosen) ? before.chosen : null;
  }

  get dirty() {
    return JSON.stringify(this.values) !== JSON.stringify(this.saved);
  }

  // Shapes as the editor draws them: {key, kind, name, points}.
  shapes() {
    const { zones = {}, lines = {}, masks = [], ignore = [], rules = [] } = this.values;
    return [
      ...ignore.map((points, i) => ({ key: `ignore/${i}`, kind: "ignore", name: "", points })),
      ...masks.map((points, i) => ({ key: `mask/${i}`, kind: "mask", name: "", points })),
      ...Object.entries(zones).map(([name, zone]) => ({ key: `zone/${name}`, kind: "zone", name, points: zone.polygon })),
      ...rules.filter((rule) => rule.corridor).map((rule) => ({ key: `corridor/${rule.id}`, kind: "corridor", name: rule.id, points: rule.corridor.points })),
      ...Object.entries(lines).map(([name, line]) => ({ key: `line/${name}`, kind: "line", name, points: line.points })),
    ];
  }

  shape(key) {
    return this.shapes().find((one) => one.key === key) ?? null;
  }

  choose(key) {
    if (this.chosen === key) return;
    this.chosen = key;
    this.tell("chosen");
  }

  // Change the values by a function; what was before can be taken back. Changes in a row with one `run` are one step.
  change(edit, run = null) {
    const before = JSON.stringify(this.values);
    edit(this.values);
    if (JSON.stringify(this.values) === before) return;
    if (run === null || run !== this.run) this.past.push(before);
    this.run = run;
    this.future = [];
    if (this.past.length > 200) this.past.shift();
    this.tell("changed");
  }

  undo() {
    this.step(this.past, this.future);
  }

  redo() {
    this.step(this.future, this.past);
  }

  step(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify(this.values));
    this.values = JSON.parse(from.pop());
    this.run = null;
    if (this.chosen && !this.shape(this.chosen)) this.chosen = null;
    this.tell("changed");
  }

  setPoints(key, points, run = null) {
    const rounded = points.map(([x, y]) => [round(x), round(y)]);
    this.change((values) => put(values, key, rounded), run);
  }

  addShape(kind, points) {
    const rounded = points.map(([x, y]) => [round(x), round(y)]);
    const name = kind in LISTS ? "" : this.freeName(kind);
    const key = kind in LISTS ? `${kind}/${(this.values[LISTS[kind]] ?? []).length}` : `${kind}/${name}`;
    this.change((values) => {
      if (kind === "zone") (values.zones ??= {})[name] = { polygon: rounded };
      else if (kind === "line") (values.lines ??= {})[name] = { points: rounded };
      else if (kind === "corridor") (values.rules ??= []).push({ id: name, kind: "unusual_route", corridor: { points: rounded, width_bh: 1.5 }, trial: true });
      else (values[LISTS[kind]] ??= []).push(rounded);
    });
    this.choose(key);
  }

  removeShape(key) {
    const [kind, name] = split(key);
    this.change((values) => {
      if (kind === "zone") delete values.zones[name];
      else if (kind === "line") delete values.lines[name];
      else if (kind in LISTS) values[LISTS[kind]].splice(Number(name), 1);
    });
    this.chosen = null;
    this.tell("chosen");
  }

  // A new name goes along into the rules that use it.
  rename(key, name) {
    const [kind, old] = split(key);
    const shelf = kind === "zone" ? "zones" : "lines";
    if (!name || name === old || this.values[shelf][name]) return;
    this.change((values) => {
      values[shelf] = Object.fromEntries(Object.entries(values[shelf]).map(([k, v]) => [k === old ? name : k, v]));
      for (const rule of values.rules ?? []) {
        if (rule[kind] === old) rule[kind] = name;
        if (kind === "zone" && rule.sequence) rule.sequence = rule.sequence.map((z) => (z === old ? name : z));
        if (kind === "zone" && rule.forbidden) rule.forbidden = rule.forbidden.map((way) => way.map((z) => (z === old ? name : z)));
      }
    });
    this.choose(`${kind}/${name}`);
  }

  freeName(kind) {
    const rules = Object.fromEntries((this.values.rules ?? []).map((rule) => [rule.id, rule]));
    const taken = (kind === "corridor" ? rules : this.values[kind === "zone" ? "zones" : "lines"]) ?? {};
    for (let n = 1; ; n += 1) if (!taken[`${kind}-${n}`]) return `${kind}-${n}`;
  }

  tell(what) {
    this.dispatchEvent(new CustomEvent(what));
  }
}

const split = (key) => [key.slice(0, key.indexOf("/")), key.slice(key.indexOf("/") + 1)];

function put(values, key, points) {
  const [kind, name] = split(key);
  if (kind === "zone") values.zones[name].polygon = points;
  else if (kind === "line") values.lines[name].points = points;
  else if (kind === "corridor") values.rules.find((rule) => rule.id === name).corridor.points = points;
  else values[LISTS[kind]][Number(name)] = points;
}
