// A picture for a product that has none: the same for the same id, made of a few shapes in the colours of the style sheet.
import { svg } from "/assets/dom.js";

const PALETTES = 6;

export function art(id) {
  let seed = 2166136261;
  for (const c of id) seed = Math.imul(seed ^ c.codePointAt(0), 16777619) >>> 0;
  const next = n => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return Math.floor(seed / 4294967296 * n); };
  const picture = svg("svg", { viewBox: "0 0 200 150", class: `art art-${next(PALETTES)}`, "aria-hidden": "true", preserveAspectRatio: "xMidYMid slice" });
  picture.append(svg("rect", { width: 200, height: 150, class: "art-ground" }), svg("circle", { cx: 40 + next(120), cy: 30 + next(40), r: 18 + next(16), class: "art-sun" }));
  for (let layer = 0; layer < 3; layer++) {
    const base = 85 + layer * 20, points = [`0,150`, `0,${base + next(16)}`];
    for (let x = 25; x <= 175; x += 25) points.push(`${x},${base - 22 + next(44)}`);
    points.push(`200,${base + next(16)}`, "200,150");
    picture.append(svg("polygon", { points: points.join(" "), class: `art-layer-${layer}` }));
  }
  return picture;
}
