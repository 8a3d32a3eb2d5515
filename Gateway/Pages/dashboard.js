// The dashboard: what silos and their grains are doing now. The address says whether all of it is shown, one silo or one class of grains.
import { find, h, say } from "/assets/dom.js";
import { client, path } from "/assets/api.js";
import { sortable } from "/assets/table.js";
import { bytes, percent, rate, span, sum, tenth, time, whole, worst } from "/assets/figures.js";
import { charts, KEPT_MS } from "/assets/dashboard-charts.js";
import { streams } from "/assets/dashboard-streams.js";

const KEY = "shop.key", SILENT_MS = 15_000;
const [part, name] = location.pathname.split("/").slice(2).map(decodeURIComponent);
const only = { silo: part === "silos" ? name : null, grain: part === "grains" ? name : null };

let abort = null, held = false, view = { silos: [], moments: [] };
const call = client(async () => sessionStorage.getItem(KEY));
const refreshStreams = streams(call, () => sessionStorage.getItem(KEY) && !find("figures").hidden && !held && !only.silo && !only.grain);

// ---- which page

if (name) {
  document.title = `${name} – Grains – Shop`;
  find("heading").textContent = name;
}
find("whole").hidden = !name;
for (const [id, isShown] of [["silos", !only.silo], ["class", only.grain], ["grains", !only.grain], ["streams", !name], ["parts", !name], ["charts-section", !only.grain]]) find(id).hidden = !isShown;
find("silo-choice").hidden = Boolean(only.silo);
find("look").addEventListener("submit", event => {
  event.preventDefault();
  const type = only.grain.replace(/Grain$/, "").replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();
  location.assign(`${path`/admin/log/${find("look-id").value.trim()}`}?${new URLSearchParams({ type })}`);
});

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
  if (yes) refreshStreams(); else say(find("state"), "Not connected");
}

// ---- the live connection; fetch, because an EventSource cannot send the key

async function connect() {
  abort?.abort();
  const mine = abort = new AbortController();
  for (let rest = 1_000; !mine.signal.aborted; rest = Math.min(rest * 2, 15_000)) {
    try {
      const answer = await fetch("/v1/dashboard", { headers: { Authorization: `Bearer ${sessionStorage.getItem(KEY)}` }, signal: mine.signal });
      if (answer.status === 401 || answer.status === 403) {
        sessionStorage.removeItem(KEY);
        signedIn(false, answer.status === 401 ? "This key is not known." : "This key lacks the scope operate.");
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      signedIn(true);
      say(find("state"), "Live");
      rest = 1_000;
      await read(answer.body.pipeThrough(new TextDecoderStream()).getReader());
    } catch (error) {
      if (mine.signal.aborted) return;
    }
    say(find("state"), "The connection is lost; trying again");
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

// A link is made once for its text, so that it keeps the focus while figures change.
const links = new Map();
function link(target, text) {
  const key = `${target} ${text}`;
  if (!links.has(key)) links.set(key, h("a", { href: target }, text));
  return links.get(key);
}

const TIMES = [
  { name: "median", title: "Median", text: r => time(r.median) },
  { name: "p95", title: "p95", text: r => time(r.p95) },
  { name: "p99", title: "p99", text: r => time(r.p99) },
];
const CALLS = [
  { name: "callsPerSecond", title: "Calls/s", text: r => rate(r.callsPerSecond) },
  { name: "failedPerSecond", title: "Failed/s", text: r => rate(r.failedPerSecond), isBad: r => r.failedPerSecond > 0 },
  { name: "calls", title: "Calls", text: r => whole(r.calls) },
  { name: "failed", title: "Failed", text: r => whole(r.failed) },
];

const showSilos = sortable(find("silo-table"), [
  { name: "silo", title: "Silo", isText: true, node: r => link(path`/dashboard/silos/${r.silo}`, r.silo) },
  { name: "state", title: "State", isText: true, isBad: r => r.state !== "active" },
  { name: "up", title: "Up", text: r => span(r.up) },
  { name: "cpu", title: "CPU", text: r => percent(r.cpu) },
  { name: "workingSet", title: "Memory", text: r => bytes(r.workingSet) },
  { name: "heap", title: "Heap", text: r => bytes(r.heap) },
  { name: "gcPause", title: "GC pauses", text: r => percent(r.gcPause) },
  { name: "threads", title: "Threads" },
  { name: "queued", title: "Queued" },
  { name: "activations", title: "Activations", text: r => whole(r.activations) },
  { name: "calls", title: "Calls/s", text: r => rate(r.calls) },
  { name: "failed", title: "Failed/s", text: r => rate(r.failed), isBad: r => r.failed > 0 },
  { name: "commits", title: "Commits/s", text: r => rate(r.commits) },
  { name: "batches", title: "Batches/s", text: r => rate(r.batches) },
  { name: "eventsPerBatch", title: "Events/batch", text: r => tenth(r.eventsPerBatch) },
  { name: "flush", title: "Flush p99", text: r => time(r.flush) },
  { name: "version", title: "Version", isText: true },
], "Silos");

const showGrains = sortable(find("grain-table"), [
  { name: "name", title: "Name", isText: true, node: r => link(path`/dashboard/grains/${r.grain}`, r.name) },
  { name: "activations", title: "Activations", text: r => r.activations == null ? "–" : whole(r.activations) },
  ...CALLS, ...TIMES,
], "Grain classes and their methods", { by: "callsPerSecond", descending: true });

const showMethods = sortable(find("method-table"), [{ name: "name", title: "Method", isText: true }, ...CALLS, ...TIMES], "Methods", { by: "callsPerSecond", descending: true });
const showPlaces = sortable(find("place-table"), [
  { name: "silo", title: "Silo", isText: true, node: r => link(path`/dashboard/silos/${r.silo}`, r.silo) },
  { name: "activations", title: "Activations", text: r => whole(r.activations) }, ...CALLS, ...TIMES,
], "On which silos");
const showKeys = sortable(find("key-table"), [
  { name: "key", title: "Grain", isText: true, isLong: true },
  { name: "silo", title: "Silo", isText: true },
  { name: "callsPerSecond", title: "Calls/s", text: r => `≈ ${rate(r.callsPerSecond)}` },
  { name: "mean", title: "Mean", text: r => time(r.mean) },
  { name: "max", title: "Longest", text: r => time(r.max) },
], "The busiest and the slowest grains", { by: "callsPerSecond", descending: true });

for (const [id, event] of [["filter", "input"], ["silo", "change"], ["by", "change"]]) find(id).addEventListener(event, show);

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

const methodRow = (g, m) => ({ ...m, ...m.times, grain: g.grain, name: `${g.grain}.${m.method}` });
const classRow = g => ({
  ...g.times, grain: g.grain, name: g.grain, activations: g.activations, calls: sum(g.methods, m => m.calls), failed: sum(g.methods, m => m.failed),
  callsPerSecond: sum(g.methods, m => m.callsPerSecond), failedPerSecond: sum(g.methods, m => m.failedPerSecond),
});

function grainRows(silos) {
  const wanted = find("filter").value.trim().toLowerCase(), chosen = find("silo").value;
  const rows = silos.filter(s => !chosen || s.silo === chosen).flatMap(s => s.grains).flatMap(g => find("by").value === "method" ? g.methods.map(m => methodRow(g, m)) : [classRow(g)]);
  return merge(rows).filter(r => r.name.toLowerCase().includes(wanted));
}

function show() {
  const now = view.now ?? Date.now();
  const silos = view.silos.filter(s => !only.silo || s.silo === only.silo).map(s => ({
    ...s, up: now - Date.parse(s.startedAt), state: now - Date.parse(s.at) > SILENT_MS ? "silent" : "active",
    activations: sum(s.grains, g => g.activations), calls: sum(s.grains, g => sum(g.methods, m => m.callsPerSecond)), failed: sum(s.grains, g => sum(g.methods, m => m.failedPerSecond)),
    commits: s.journal.commitsPerSecond, batches: s.journal.eventsPerBatch > 0 ? s.journal.eventsPerSecond / s.journal.eventsPerBatch : 0, eventsPerBatch: s.journal.eventsPerBatch, flush: s.journal.flush99,
  }));
  const active = silos.filter(s => s.state === "active");
  if (only.grain) showClass(silos);
  else if (only.silo) tiles(silos.length === 0 ? [["State", "not known"]] : siloTiles(silos[0]));
  else tiles([
    ["Silos", whole(active.length)], ["Activations", whole(sum(active, s => s.activations))], ["Calls/s", rate(sum(active, s => s.calls))],
    ["Failed/s", rate(sum(active, s => s.failed))], ["Commits/s", rate(sum(active, s => s.commits))], ["Events/s", rate(sum(active, s => s.journal.eventsPerSecond))],
    ["Flush p99", time(worst(active.map(s => s.flush)))], ["Memory", bytes(sum(active, s => s.workingSet))],
  ]);
  if (!name) showSilos(silos);
  showGrains(grainRows(silos));
  choices(find("silo"), silos.map(s => s.silo));
  charts(view.moments.filter(m => !only.silo || m.silo === only.silo), now);
}

const siloTiles = s => [
  ["State", s.state], ["Up", span(s.up)], ["CPU", percent(s.cpu)], ["Memory", bytes(s.workingSet)], ["Heap", bytes(s.heap)], ["GC pauses", percent(s.gcPause)], ["Threads", whole(s.threads)],
  ["Queued", whole(s.queued)], ["Activations", whole(s.activations)], ["Calls/s", rate(s.calls)], ["Failed/s", rate(s.failed)], ["Commits/s", rate(s.commits)], ["Batches/s", rate(s.batches)],
  ["Events/batch", tenth(s.eventsPerBatch)], ["Flush median", time(s.journal.flushMedian)], ["Flush p99", time(s.flush)], ["Version", s.version],
];

function showClass(silos) {
  const places = silos.flatMap(s => s.grains.filter(g => g.grain === only.grain).map(g => ({ silo: s.silo, g, row: classRow(g) })));
  const [all] = merge(places.map(p => ({ ...p.row })));
  tiles(all ? [
    ["Activations", whole(all.activations)], ["Calls/s", rate(all.callsPerSecond)], ["Failed/s", rate(all.failedPerSecond)], ["Calls", whole(all.calls)], ["Failed", whole(all.failed)],
    ["Median", time(all.median)], ["p95", time(all.p95)], ["p99", time(all.p99)],
  ] : [["Activations", "0"]]);
  showMethods(merge(places.flatMap(p => p.g.methods.map(m => ({ ...methodRow(p.g, m), name: m.method })))));
  showPlaces(places.map(p => ({ ...p.row, silo: p.silo })));
  showKeys(places.flatMap(p => p.g.keys.map(k => ({ ...k, silo: p.silo }))));
}

function tiles(figures) {
  const list = find("now");
  figures.forEach(([title, text], i) => {
    const tile = list.children[i] ?? list.appendChild(h("div", {}, h("dt"), h("dd")));
    tile.firstChild.textContent = title;
    tile.lastChild.textContent = text;
  });
  while (list.children.length > figures.length) list.lastChild.remove();
}

function choices(select, names) {
  const known = [...select.options].slice(1).map(o => o.value);
  if (known.join("\n") === names.join("\n")) return;
  const chosen = select.value;
  while (select.options.length > 1) select.remove(1);
  for (const name of names) select.add(new Option(name, name));
  select.value = names.includes(chosen) ? chosen : "";
}

if (sessionStorage.getItem(KEY)) connect(); else signedIn(false);
