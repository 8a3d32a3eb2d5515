// One product: its variants, what is left of each, and what goes with it.
import { h, live, money, say, field } from "/assets/dom.js";
import { path } from "/assets/api.js";
import { art } from "/assets/art.js";
import { add, call, look, priceOf } from "/assets/session.js";

const STOCK_EVERY_MS = 2_000;

export async function product({ main, id, title, notice, counted }) {
  const shown = await look("GET", path`/products/${id}`);
  title(shown.title);
  const price = h("p", { class: "price large" }), stock = h("p", { class: "stock", role: "status" }), refusal = h("p", { role: "alert", class: "bad" });
  const button = h("button", { type: "submit" }, "Add to cart");
  const form = h("form", { class: "buy", onsubmit: async event => {
    event.preventDefault();
    say(refusal, "");
    try {
      counted(await add(chosen().sku, Number(form.elements.quantity.value)));
      notice(`${shown.title} is in the cart.`);
    } catch (problem) {
      say(refusal, problem.message);
    }
  } },
    shown.variants.length > 1 && h("fieldset", {}, h("legend", {}, "Variant"), shown.variants.map((v, i) => h("label", { class: "choice" },
      h("input", { type: "radio", name: "sku", value: v.sku, checked: i === 0, onchange: show }), v.title || v.sku))),
    price, stock,
    field("Quantity", { id: "quantity", name: "quantity", type: "number", min: 1, max: 99, value: 1, required: true }),
    button, refusal);
  const related = h("section", { class: "plain", "aria-labelledby": "related-heading", hidden: true }, h("h2", { id: "related-heading" }, "Goes with it"));
  const toSale = h("p", { hidden: true }, h("a", { class: "button", href: path`/sales/${id}` }, "This is sold through a waiting room: to the sale"));
  main.replaceChildren(h("article", { class: "product" },
    h("div", { class: "picture" }, art(shown.id)),
    h("div", {}, h("h1", {}, shown.title), shown.categories.length > 0 && h("p", { class: "quiet" }, shown.categories.map((c, i) => [i ? ", " : "", h("a", { href: `/?${new URLSearchParams({ category: c })}` }, c)])),
      h("p", { class: "description" }, shown.description), toSale, form)), related);

  function chosen() {
    return shown.variants.find(v => v.sku === form.elements.sku?.value) ?? shown.variants[0];
  }

  function show() {
    const p = priceOf(chosen());
    say(price, p ? money(p) : "Not sold in this currency");
    button.disabled = !p;
    return refresh();
  }

  async function refresh() {
    const sku = chosen().sku;
    const level = await look("GET", path`/stock/${sku}`).catch(problem => { if (problem.status === 404) return { available: 0 }; throw problem; });
    if (chosen().sku !== sku) return;
    const opens = nextOpening(level);
    say(stock, opens ? `The sale opens ${opens.toLocaleString("en")}` : level.available > 10 ? "In stock" : level.available > 0 ? `Only ${level.available} left` : "Sold out");
    stock.classList.toggle("bad", level.available <= 0);
    button.disabled = level.available <= 0 || !priceOf(chosen());
  }

  await show();
  live(STOCK_EVERY_MS, refresh);
  call("POST", path`/products/${id}/views`, { body: {} }).catch(() => {});
  const [{ recommendations }, { waitingRooms }] = await Promise.all([look("GET", path`/products/${id}/recommendations?limit=4`).catch(() => ({ recommendations: [] })), look("GET", "/waiting-rooms")]);
  toSale.hidden = !waitingRooms.some(r => r.skus.some(s => shown.variants.some(v => v.sku === s)));
  if (recommendations.length) {
    related.hidden = false;
    related.append(h("ul", { class: "cards" }, recommendations.map(r => h("li", { class: "card" },
      h("a", { href: path`/products/${r.productId}` }, art(r.productId), h("span", { class: "card-title" }, r.title)), h("span", { class: "quiet" }, r.reason)))));
  }
}

/** When the sale of a SKU opens; null when it is open now, or has no window that is still to come. */
export function nextOpening(level) {
  const now = Date.now(), windows = (level.windows ?? []).map(w => ({ from: new Date(w.from), to: new Date(w.to) }));
  if (windows.some(w => w.from <= now && now < w.to)) return null;
  return windows.map(w => w.from).filter(f => f > now).sort((a, b) => a - b)[0] ?? null;
}
