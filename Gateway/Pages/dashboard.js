import { sortable } from "/assets/table.js";

const KEY = "shop.key", KEPT_MS = 5 * 60_000, SILENT_MS = 15_000, STREAMS_EVERY_MS = 5_000;
const find = id => document.getElementById(id);
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const small = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const rate = v => v === 0 ? "0" : v < 10 ? small.format(v) : number.format(v);
const time = s => s == null ? "–" : s < 0.001 ? `${number.format(s * 1e6)} µs` : s < 1 ? `${small.format(s * 1e3)} ms` : `${small.format(s)} s`;
const bytes = b => b < 2 ** 30 ? `${number.format(b / 2 ** 20)} MiB` : `${small.format(b / 2 ** 30)} GiB`;
const span = ms => ms < 60_000 ? `${number.format(ms / 1e3)} s` : ms < 3_600_000 ? `${number.format(ms / 6e4)} min` : `${small.format(ms / 3.6e6)} h`;
const sum = (items, of) => items.reduce((total, item) => total + of(item), 0);
const worst = values => values.reduce((a, b) => b == null ? a : a == null ? b : Math.max(a, b), null);

let abort = null, held = false, view = { silos: [], moments: [] };

// ---- sign in

find("sign-in").addEventListener("submit", event => {
  event.preventDefault();
  sessionStorage.setItem(KEY, find("key").value.trim());
  find("key").value = "";
  connect();
});
find("leave").addEventListener("click", () => {
  sessionStorage.removeItem(KEY);
  abort?.abort();
  signedIn(false);
  find("key").focus();
});
find("pause").addEventListener("click", () => {
  held = !held;
  find("pause").setAttribute("aria-pressed", String(held));
  find("pause").textContent = held ? "Go on" : "Hold";
  if (!held) show();
});

function signedIn(yes, refusal = "") {
  find("sign-in").hidden = yes;
  for (const id of ["figures", "pause", "leave"]) find(id).hidden = !yes;
  find("refusal").textContent = refusal;
  if (!yes) state("Not connected");
}

function state(text) {
  if (find("state").textContent !== text) find("state").textContent = text;
}

const authorised = () => ({ Authorization: `Bearer ${sessionStorage.getItem(KEY)}` });

// ---- the live connection; fetch, because an EventSource cannot send the key

async function connect() {
  abort?.abort();
  const mine = abort = new AbortController();
  for (let rest = 1_000; !mine.signal.aborted; rest = Math.min(rest * 2, 15_000)) {
    try {
      const answer = await fetch("/v1/dashboard", { headers: authorised(), signal: mine.signal });
      if (answer.status === 401 || answer.status === 403) {
        sessionStorage.removeItem(KEY);
        signedIn(false, answer.status === 401 ? "This key is not known." : "This key lacks the scope operate.");
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      signedIn(true);
      state("Live");
      rest = 1_000;
      await read(answer.body.pipeThrough(new TextDecoderStream()).getReader());
    } catch (error) {
      if (mine.signal.aborted) return;
    }
    state("The connection is lost; trying again");
    await new Promise(done => setTimeout(done, rest));
  }
}

async function read(reader) {
  let text = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) if (event.startsWith("data: ")) take(JSON.parse(event.slice(6)));
  }
}

function take(news) {
  const moments = view.moments.concat(news.moments.map(m => ({ ...m, at: Date.parse(m.at) })));
  const newest = worst(moments.map(m => m.at)) ?? Date.now();
  view = { silos: news.silos, moments: moments.filter(m => newest - m.at < KEPT_MS), now: newest };
  if (!held) show();
}

// ---- tables

const showSilos = sortable(find("silo-table"), [
  { name: "silo", title: "Silo", isText: true },
  { name: "state", title: "State", isText: true, isBad: r => r.state !== "active" },
  { name: "up", title: "Up", text: r => span(r.up) },
  { name: "cpu", title: "CPU", text: r => percent.format(r.cpu) },
  { name: "workingSet", title: "Memory", text: r => bytes(r.workingSet) },
  { name: "heap", title: "Heap", text: r => bytes(r.heap) },
  { name: "gcPause", title: "GC pauses", text: r => percent.format(r.gcPause) },
  { name: "threads", title: "Threads" },
  { name: "queued", title: "Queued" },
  { name: "activations", title: "Activations", text: r => number.format(r.activations) },
  { name: "calls", title: "Calls/s", text: r => rate(r.calls) },
  { name: "failed", title: "Failed/s", text: r => rate(r.failed), isBad: r => r.failed > 0 },
  { name: "commits", title: "Commits/s", text: r => rate(r.commits) },
  { name: "eventsPerBatch", title: "Events/batch", text: r => small.format(r.eventsPerBatch) },
  { name: "flush", title: "Flush p99", text: r => time(r.flush) },
  { name: "version", title: "Version", isText: true },
], "Silos");

const showGrains = sortable(find("grain-table"), [
  { name: "name", title: "Name", isText: true },
  { name: "activations", title: "Activations", text: r => r.activations == null ? "–" : number.format(r.activations) },
  { name: "callsPerSecond", title: "Calls/s", text: r => rate(r.callsPerSecond) },
  { name: "failedPerSecond", title: "Failed/s", text: r => rate(r.failedPerSecond), isBad: r => r.failedPerSecond > 0 },
  { name: "calls", title: "Calls", text: r => number.format(r.calls) },
  { name: "failed", title: "Failed", text: r => number.format(r.failed) },
  { name: "median", title: "Median", text: r => time(r.median) },
  { name: "p95", title: "p95", text: r => time(r.p95) },
  { name: "p99", title: "p99", text: r => time(r.p99) },
], "Grain classes and their methods", { by: "callsPerSecond", descending: true });

const showStreams = sortable(find("stream-table"), [
  { name: "consumer", title: "Consumer", isText: true },
  { name: "commitsBehind", title: "Commits behind", text: r => number.format(r.commitsBehind) },
  { name: "rebuild", title: "Rebuild", text: r => r.rebuildCommitsBehind == null ? "–" : `${number.format(r.rebuildCommitsBehind)} to go` },
  { name: "parked", title: "Parked", isBad: r => r.parked > 0 },
  { name: "replay", title: "Replay", cell: r => replayButton(r) },
], "Consumers of events");

const showParked = sortable(find("parked-table"), [
  { name: "consumer", title: "Consumer", isText: true },
  { name: "eventId", title: "Event", isText: true },
  { name: "subject", title: "Subject", isText: true, isLong: true },
  { name: "parkedAt", title: "Since", isText: true },
  { name: "error", title: "Why", isText: true, isLong: true },
], "Parked events", { by: "parkedAt" });

find("filter").addEventListener("input", show);
find("silo").addEventListener("change", show);
find("by").addEventListener("change", show);

// Counts add up over silos; of times the worst silo's are shown, because quantiles cannot be put together.
function merge(rows) {
  const merged = new Map();
  for (const row of rows) {
    const known = merged.get(row.name);
    if (!known) { merged.set(row.name, { ...row }); continue; }
    for (const name of ["calls", "failed", "callsPerSecond", "failedPerSecond"]) known[name] += row[name];
    if (row.activations != null) known.activations = (known.activations ?? 0) + row.activations;
    for (const name of ["median", "p95", "p99"]) known[name] = worst([known[name], row[name]]);
  }
  return [...merged.values()];
}

function grainRows() {
  const silos = view.silos.filter(s => !find("silo").value || s.silo === find("silo").value);
  const wanted = find("filter").value.trim().toLowerCase();
  const rows = silos.flatMap(s => s.grains).flatMap(g => find("by").value === "method"
    ? g.methods.map(m => ({ ...m, ...m.times, name: `${g.grain}.${m.method}` }))
    : [{
      ...g.times, name: g.grain, activations: g.activations, calls: sum(g.methods, m => m.calls), failed: sum(g.methods, m => m.failed),
      callsPerSecond: sum(g.methods, m => m.callsPerSecond), failedPerSecond: sum(g.methods, m => m.failedPerSecond),
    }]);
  return merge(rows).filter(r => r.name.toLowerCase().includes(wanted));
}

function show() {
  const now = view.now ?? Date.now();
  const silos = view.silos.map(s => ({
    ...s, up: now - Date.parse(s.startedAt), state: now - Date.parse(s.at) > SILENT_MS ? "silent" : "active",
    activations: sum(s.grains, g => g.activations), calls: sum(s.grains, g => sum(g.methods, m => m.callsPerSecond)), failed: sum(s.grains, g => sum(g.methods, m => m.failedPerSecond)),
    commits: s.journal.commitsPerSecond, eventsPerBatch: s.journal.eventsPerBatch, flush: s.journal.flush99,
  }));
  showSilos(silos);
  showGrains(grainRows());
  const active = silos.filter(s => s.state === "active");
  tiles([
    ["Silos", number.format(active.length)], ["Activations", number.format(sum(active, s => s.activations))], ["Calls/s", rate(sum(active, s => s.calls))],
    ["Failed/s", rate(sum(active, s => s.failed))], ["Commits/s", rate(sum(active, s => s.commits))], ["Events/s", rate(sum(active, s => s.journal.eventsPerSecond))],
    ["Flush p99", time(worst(active.map(s => s.flush)))], ["Memory", bytes(sum(active, s => s.workingSet))],
  ]);
  choices(find("silo"), silos.map(s => s.silo));
  charts(now);
}

function tiles(figures) {
  const list = find("now");
  figures.forEach(([title, text], i) => {
    const tile = list.children[i] ?? list.appendChild(document.createElement("div"));
    if (!tile.firstChild) tile.append(document.createElement("dt"), document.createElement("dd"));
    tile.firstChild.textContent = title;
    tile.lastChild.textContent = text;
  });
}

function choices(select, names) {
  const known = [...select.options].slice(1).map(o => o.value);
  if (known.join("\n") === names.join("\n")) return;
  const chosen = select.value;
  while (select.options.length > 1) select.remove(1);
  for (const name of names) select.add(new Option(name, name));
  select.value = names.includes(chosen) ? chosen : "";
}

// ---- charts: a line a silo

const CHARTS = [
  ["Calls a second", m => m.callsPerSecond, rate], ["Commits a second", m => m.commitsPerSecond, rate], ["CPU", m => m.cpu, v => percent.format(v)],
  ["Memory", m => m.workingSet, bytes], ["Activations", m => m.activations, v => number.format(v)], ["Flush p99", m => m.flush99 ?? 0, time],
];
const SVG = "http://www.w3.org/2000/svg", WIDTH = 300, HEIGHT = 100;

function charts(now) {
  const silos = [...new Set(view.moments.map(m => m.silo))].sort();
  CHARTS.forEach(([title, of, text], i) => {
    const figure = find("charts").children[i] ?? find("charts").appendChild(chart());
    const [caption, svg] = figure.children;
    const values = view.moments.map(of), top = Math.max(...values, 1e-9);
    const last = silos.map(silo => view.moments.findLast(m => m.silo === silo)).map(m => text(of(m))).join(", ");
    caption.textContent = `${title}: ${last || "–"} (top ${text(values.length ? top : 0)})`;
    svg.setAttribute("aria-label", caption.textContent);
    while (svg.children.length > silos.length) svg.lastChild.remove();
    silos.forEach((silo, s) => {
      const line = svg.children[s] ?? svg.appendChild(document.createElementNS(SVG, "polyline"));
      line.setAttribute("class", `series-${s % 4}`);
      line.setAttribute("points", view.moments.filter(m => m.silo === silo)
        .map(m => `${(WIDTH * (1 - (now - m.at) / KEPT_MS)).toFixed(1)},${(HEIGHT * (1 - 0.95 * of(m) / top)).toFixed(1)}`).join(" "));
    });
  });
}

function chart() {
  const figure = document.createElement("figure"), svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  figure.append(document.createElement("figcaption"), svg);
  return figure;
}

// ---- consumers of events

async function streams() {
  if (!sessionStorage.getItem(KEY) || find("figures").hidden || held) return;
  // When nothing answers, the live connection says so.
  const status = await fetch("/v1/streams", { headers: authorised() }).then(answer => answer.ok ? answer.json() : null, () => null);
  if (status) {
    showStreams(status.consumers.map(c => ({ ...c, parked: status.parked.filter(p => p.consumer === c.consumer).length })));
    showParked(status.parked);
    find("no-parked").hidden = status.parked.length > 0;
  }
}

const buttons = new Map();

function replayButton(row) {
  let button = buttons.get(row.consumer);
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    button.textContent = "Replay";
    button.setAttribute("aria-label", `Replay the parked events of ${row.consumer}`);
    button.addEventListener("click", () => replay(row.consumer, button));
    buttons.set(row.consumer, button);
  }
  button.disabled = row.parked === 0;
  return button;
}

async function replay(consumer, button) {
  button.disabled = true;
  const answer = await fetch(`/v1/streams/${encodeURIComponent(consumer)}/replay`, { method: "POST", headers: { ...authorised(), "Idempotency-Key": crypto.randomUUID() } });
  state(answer.ok ? `${consumer}: ${(await answer.json()).left} left` : `${consumer} could not be replayed`);
  await streams();
}

setInterval(streams, STREAMS_EVERY_MS);
if (sessionStorage.getItem(KEY)) connect().then(() => {}); else signedIn(false);
new MutationObserver(() => { if (!find("figures").hidden) streams(); }).observe(find("figures"), { attributes: true, attributeFilter: ["hidden"] });
