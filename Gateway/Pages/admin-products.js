// Products: the list, one of them, and a new one.
import { h, amountOf, field, grid, money } from "/assets/dom.js";
import { path } from "/assets/api.js";

export async function products({ main, call, title }) {
  title("Products");
  const asked = new URLSearchParams(location.search), query = asked.get("q")?.trim() ?? "";
  const list = new URLSearchParams({ pageSize: 50, ...(query && { query }), ...(asked.get("after") && { pageToken: asked.get("after") }) });
  const page = await call("GET", `/products?${list}`);
  main.replaceChildren(h("h1", {}, "Products"),
    h("form", { class: "tools plain", role: "search", method: "get", action: "/admin/products" }, field("Search", { id: "q", name: "q", type: "search", value: query, maxlength: 200 }), h("button", { type: "submit" }, "Search"),
      h("a", { class: "button", href: "/admin/new-product" }, "New product")),
    grid("Products", ["Product", "Id", "Categories", "SKUs", "Price", "Shown"], page.products.map(p => [
      h("a", { href: path`/admin/products/${p.id}` }, p.title), p.id, p.categories.join(", "),
      p.variants.map((v, i) => [i ? ", " : "", h("a", { href: path`/admin/stock/${v.sku}` }, v.sku)]), p.variants[0].prices.map(money).join(", "), p.published ? "yes" : "no"])),
    page.nextPageToken && h("p", {}, h("a", { href: `/admin/products?${new URLSearchParams({ ...(query && { q: query }), after: page.nextPageToken })}` }, "More")));
}

export const newProduct = context => edit(context, { id: "", title: "", description: "", categories: [], variants: [{ sku: "", title: "", prices: [] }], media: [], published: true, version: 0 });

export async function product(context) {
  await edit(context, await context.call("GET", path`/products/${context.id}`));
}

const pricesText = prices => prices.map(p => `${p.amount} ${p.currency}`).join(", ");

/** Prices such as "14.50 EUR, 15.90 USD". */
export const pricesOf = text => text.split(/[,|]/).filter(t => t.trim()).map(amountOf);

function edit({ main, call, title, command, notice }, known) {
  const isNew = known.version === 0;
  title(isNew ? "New product" : known.title);
  let version = known.version;
  const variants = h("div");
  const addVariant = (v, isFirst = false) => {
    const n = variants.children.length;
    variants.append(h("fieldset", {}, h("legend", {}, `Variant ${n + 1}`), h("div", { class: "columns tight" },
      field("SKU", { id: `sku-${n}`, required: true, value: v.sku, maxlength: 64, "data-of": "sku" }), field("Name", { id: `variant-${n}`, value: v.title ?? "", "data-of": "title" }),
      field("Prices", { id: `prices-${n}`, required: true, value: pricesText(v.prices), "data-of": "prices" }, { hint: "Such as 14.50 EUR, 15.90 USD" })),
    !isFirst && h("button", { type: "button", class: "quiet-button", onclick: event => event.target.closest("fieldset").remove() }, "Remove this variant")));
  };
  known.variants.forEach((v, i) => addVariant(v, i === 0));
  const form = command(isNew ? "Create" : "Save", [
    isNew && field("Id", { id: "id", maxlength: 64 }, { hint: "Part of its address; made up when empty" }),
    field("Title", { id: "title", required: true, value: known.title, maxlength: 200 }), field("Description", { id: "description", value: known.description }, { tag: "textarea" }),
    field("Categories", { id: "categories", value: known.categories.join(", ") }, { hint: "Separated by commas" }),
    h("p", { class: "field" }, h("label", { class: "choice" }, h("input", { type: "checkbox", id: "published", checked: known.published }), "Shown in the shop")),
    variants, h("p", {}, h("button", { type: "button", class: "quiet-button", onclick: () => addVariant({ sku: "", title: "", prices: [] }) }, "Another variant")),
  ], async e => {
    const body = {
      title: e.title.value, description: e.description.value, categories: e.categories.value.split(",").map(c => c.trim()).filter(c => c), media: known.media, published: e.published.checked,
      variants: [...variants.children].map(v => {
        const of = name => v.querySelector(`[data-of="${name}"]`).value.trim();
        return { sku: of("sku"), title: of("title"), prices: pricesOf(of("prices")) };
      }),
    };
    if (isNew) {
      const made = await call("POST", "/products", { body: { ...body, ...(e.id.value.trim() && { id: e.id.value.trim() }) } });
      location.assign(path`/admin/products/${made.id}`);
    } else {
      // Nobody's change in between is overwritten.
      version = (await call("PUT", path`/products/${known.id}`, { body, headers: { "If-Match": `"${version}"` } })).version;
      notice("Saved.");
    }
  });
  form.classList.add("wide");
  main.replaceChildren(h("h1", {}, isNew ? "New product" : known.title),
    !isNew && h("p", {}, h("a", { href: path`/products/${known.id}` }, "In the shop"), " · ", known.variants.map((v, i) => [i ? ", " : "Stock: ", h("a", { href: path`/admin/stock/${v.sku}` }, v.sku)]), " · ",
      h("a", { href: `${path`/admin/log/${known.id}`}?type=product` }, "Log")),
    form, ...(isNew ? [] : [h("h2", {}, "Take it out of the shop"), command("Delete the product", [h("p", {}, "Orders keep what was bought. The SKUs become free.")], async () => {
      if (!confirm(`Delete ${known.title}?`)) return;
      await call("DELETE", path`/products/${known.id}`, { headers: { "If-Match": `"${version}"` } });
      location.assign("/admin/products");
    }, { danger: true })]));
}
