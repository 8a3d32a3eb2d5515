// All products, by category, or what a search finds.
import { h, money, plural } from "/assets/dom.js";
import { path } from "/assets/api.js";
import { art } from "/assets/art.js";
import { look, priceOf } from "/assets/session.js";

const PAGE = 24;

export async function browse({ main, title }) {
  const asked = new URLSearchParams(location.search);
  const [query, category] = [asked.get("q")?.trim() ?? "", asked.get("category") ?? ""];
  const [first, categories, sales] = await Promise.all([page(query, category), look("GET", "/categories"), rooms()]);
  title(query ? `“${query}”` : category || "All products");
  const facets = query && first.categories ? first.categories : categories.categories;
  const grid = h("ul", { class: "cards" }, first.products.map(card));
  const total = first.total ?? null;
  const more = h("p", { class: "more" });
  let next = first.nextPageToken;
  const button = h("button", { type: "button", onclick: async () => {
    button.disabled = true;
    const then = await page(query, category, next);
    const cards = then.products.map(card);
    grid.append(...cards);
    next = then.nextPageToken;
    button.disabled = false;
    if (!next) button.remove();
    cards[0]?.querySelector("a").focus();
  } }, "Show more");
  if (next) more.append(button);
  main.replaceChildren(
    ...(query || category ? [] : sales.map(banner)),
    h("div", { class: "browse" },
      h("nav", { "aria-label": "Categories", class: "facets" },
        h("h2", {}, "Categories"),
        h("ul", {}, facet("All", null, "", category, query), facets.map(c => facet(c.category, c.count, c.category, category, query)))),
      h("section", { "aria-labelledby": "heading", class: "plain" },
        h("h1", { id: "heading" }, query ? `Found for “${query}”` : category || "All products"),
        total != null && h("p", { class: "quiet", role: "status" }, total ? plural(total, "product") : "Nothing was found. Try fewer or other words."),
        !query && first.products.length === 0 && h("p", {}, "There is nothing here yet."),
        grid, more)));
}

function page(query, category, token) {
  const parameters = new URLSearchParams({ pageSize: PAGE, ...(query && { query }), ...(category && { category }), ...(token && { pageToken: token }) });
  return look("GET", `/products?${parameters}`);
}

function facet(text, n, value, chosen, query) {
  const target = new URLSearchParams({ ...(query && { q: query }), ...(value && { category: value }) });
  return h("li", {}, h("a", { href: target.size ? `/?${target}` : "/", "aria-current": value.toLowerCase() === chosen.toLowerCase() ? "page" : null }, text), n != null && h("span", { class: "quiet" }, ` ${n}`));
}

export function card(product) {
  const prices = product.variants.map(priceOf).filter(p => p);
  const cheapest = prices.sort((a, b) => a.amount - b.amount)[0];
  return h("li", { class: "card" },
    h("a", { href: path`/products/${product.id}` }, art(product.id), h("span", { class: "card-title" }, product.title)),
    h("span", { class: "price" }, cheapest ? (prices.length > 1 && prices.at(-1).amount !== cheapest.amount ? "from " : "") + money(cheapest) : "Not sold in this currency"));
}

// Products that are bought through a waiting room.
async function rooms() {
  const { waitingRooms } = await look("GET", "/waiting-rooms");
  const found = await Promise.all(waitingRooms.slice(0, 3).map(room => look("GET", `/products?${new URLSearchParams({ query: room.skus[0], pageSize: 1 })}`)));
  return found.flatMap(f => f.products);
}

function banner(product) {
  return h("section", { class: "banner", "aria-label": `Sale: ${product.title}` }, art(product.id),
    h("div", {}, h("h2", {}, product.title), h("p", {}, product.description), h("p", {}, h("a", { class: "button", href: path`/sales/${product.id}` }, "To the sale"))));
}
