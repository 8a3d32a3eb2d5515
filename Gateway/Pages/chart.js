// Charts with their figures beside them, for whoever does not see them.
import { h, grid, svg } from "/assets/dom.js";

const WIDTH = 600, HEIGHT = 160;

/** @param {{label: string, value: number}[]} points @param {(n: number) => string} text */
export function bars(title, points, text) {
  const top = Math.max(...points.map(p => p.value), 1e-9), step = WIDTH / Math.max(points.length, 1);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...points.map((p, i) => svg("rect", { x: (i * step + step * 0.1).toFixed(1), y: (HEIGHT * (1 - 0.95 * p.value / top)).toFixed(1), width: (step * 0.8).toFixed(1), height: (HEIGHT * 0.95 * p.value / top).toFixed(1), class: "bar" })));
  return h("figure", {}, h("figcaption", {}, `${title} (top ${text(points.length ? top : 0)})`), picture,
    h("details", {}, h("summary", {}, "As a table"), grid(title, ["", title], points.map(p => [p.label, text(p.value)]))));
}

/** Parts of a whole that gets smaller from step to step. */
export function funnel(title, steps, text) {
  const top = Math.max(...steps.map(s => s.value), 1);
  return h("figure", {}, h("figcaption", {}, title), h("dl", { class: "funnel" }, steps.map(s => [
    h("dt", {}, s.label), h("dd", {}, svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true", class: "funnel-bar" }, svg("rect", { width: (100 * s.value / top).toFixed(2), height: 10, class: "bar" })), ` ${text(s.value)}`)])));
}
