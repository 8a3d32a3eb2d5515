// Makes elements. What came from somebody is set as text or as an attribute, never as markup.

/** @param {string} tag @param {object} props attributes; on… are listeners, false and null are left out @param {...(Node|string|null|Array)} children */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter(c => c != null && c !== false));
  return element;
}

export const find = id => document.getElementById(id);

/** Sets a text only when it is another, so that a screen reader does not say it again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const formats = new Map();

/** An amount as people read it. */
export function money(amount) {
  if (!amount) return "–";
  let format = formats.get(amount.currency);
  if (!format) formats.set(amount.currency, format = new Intl.NumberFormat("en", { style: "currency", currency: amount.currency }));
  return format.format(amount.amount);
}

/** An amount that somebody wrote, such as "14.50 EUR". */
export function amountOf(text) {
  const [, amount, currency] = /^(\d+(?:\.\d+)?)\s+([A-Z]{3})$/.exec(text.trim()) ?? [];
  if (!amount) throw new Error(`“${text.trim()}” is not a price such as 14.50 EUR.`);
  return { amount: Number(amount), currency };
}

const moment = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
export const when = text => text ? moment.format(new Date(text)) : "–";
export const count = n => new Intl.NumberFormat("en").format(n);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** A word of the API as people read it: "cartClosed" and "cart-closed" become "cart closed". */
export const words = text => text.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("-", " ").toLowerCase();

/** A labelled field of a form. */
export function field(label, props, { hint = null, tag = "input", options = null } = {}) {
  const control = h(tag, props, ...(options ?? []).map(([value, text]) => h("option", { value, selected: value === props.value }, text)));
  if (tag === "textarea" && props.value != null) control.value = props.value;
  if (hint) control.setAttribute("aria-describedby", `${props.id}-hint`);
  return h("p", { class: "field" }, h("label", { for: props.id }, label), control, hint && h("span", { class: "hint", id: `${props.id}-hint` }, hint));
}

/** A part of a page with its heading. */
export const section = (title, ...children) => h("section", { "aria-label": title }, h("h2", {}, title), children);

/** A table in a region that scrolls. A cell is a text or nodes. */
export function grid(caption, headings, rows, { id = null, empty = "There is nothing here yet." } = {}) {
  if (rows.length === 0) return h("p", { class: "quiet", id }, empty);
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption, id }, h("table", {},
    h("caption", { class: "hidden-text" }, caption),
    h("thead", {}, h("tr", {}, headings.map(text => h("th", { scope: "col" }, text)))),
    h("tbody", {}, rows.map(cells => h("tr", {}, cells.map(cell => h("td", {}, cell)))))));
}

/** Calls again and again while the page is to be seen; a failure is left to the next time. Gives what stops it. */
export function live(everyMs, work) {
  let timer = null, isStopped = false;
  async function tick() {
    if (isStopped) return;
    let rest = everyMs;
    if (!document.hidden) {
      try {
        rest = (await work()) ?? everyMs;
      } catch {
        rest = everyMs * 2;
      }
    }
    if (!isStopped) timer = setTimeout(tick, rest);
  }
  tick();
  return () => { isStopped = true; clearTimeout(timer); };
}

const NS = "http://www.w3.org/2000/svg";

export function svg(tag, props = {}, ...children) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}
