// The last minutes: a line for each silo.
import { find, h, svg } from "/assets/dom.js";
import { bytes, percent, rate, time, whole } from "/assets/figures.js";

export const KEPT_MS = 5 * 60_000;
const WIDTH = 300, HEIGHT = 100;
const CHARTS = [
  ["Calls a second", m => m.callsPerSecond, rate], ["Commits a second", m => m.commitsPerSecond, rate], ["CPU", m => m.cpu, percent],
  ["Memory", m => m.workingSet, bytes], ["Activations", m => m.activations, whole], ["Flush p99", m => m.flush99 ?? 0, time],
];

export function charts(moments, now) {
  const silos = [...new Set(moments.map(m => m.silo))].sort(), all = find("charts");
  CHARTS.forEach(([title, of, text], i) => {
    const figure = all.children[i] ?? all.appendChild(chart());
    const [caption, picture] = figure.children;
    const values = moments.map(of), top = Math.max(...values, 1e-9);
    const last = silos.map(silo => moments.findLast(m => m.silo === silo)).map(m => text(of(m))).join(", ");
    caption.textContent = `${title}: ${last || "–"} (top ${text(values.length ? top : 0)})`;
    picture.setAttribute("aria-label", caption.textContent);
    while (picture.children.length > silos.length) picture.lastChild.remove();
    silos.forEach((silo, s) => {
      const line = picture.children[s] ?? picture.appendChild(svg("polyline"));
      line.setAttribute("class", `series-${s % 4}`);
      line.setAttribute("points", moments.filter(m => m.silo === silo)
        .map(m => `${(WIDTH * (1 - (now - m.at) / KEPT_MS)).toFixed(1)},${(HEIGHT * (1 - 0.95 * of(m) / top)).toFixed(1)}`).join(" "));
    });
  });
}

const chart = () => h("figure", {}, h("figcaption"), svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }));
