// Figures of silos and grains as people read them.
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const small = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const percentage = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

export const whole = v => number.format(v);
export const tenth = v => small.format(v);
export const percent = v => percentage.format(v);
export const rate = v => v === 0 ? "0" : v < 10 ? small.format(v) : number.format(v);
export const time = s => s == null ? "–" : s < 0.001 ? `${number.format(s * 1e6)} µs` : s < 1 ? `${small.format(s * 1e3)} ms` : `${small.format(s)} s`;
export const bytes = b => b < 2 ** 30 ? `${number.format(b / 2 ** 20)} MiB` : `${small.format(b / 2 ** 30)} GiB`;
export const span = ms => ms < 60_000 ? `${number.format(ms / 1e3)} s` : ms < 3_600_000 ? `${number.format(ms / 6e4)} min` : `${small.format(ms / 3.6e6)} h`;
export const sum = (items, of) => items.reduce((total, item) => total + of(item), 0);
export const worst = values => values.reduce((a, b) => b == null ? a : a == null ? b : Math.max(a, b), null);
