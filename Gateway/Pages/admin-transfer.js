// Products and their stock as a file of comma-separated values, in and out.
import { h, count, field, plural, say, section } from "/assets/dom.js";
import { path } from "/assets/api.js";
import { parse, save, write } from "/assets/csv.js";
import { pricesOf } from "/assets/admin-products.js";

const COLUMNS = ["id", "title", "description", "categories", "published", "sku", "variant", "prices", "stock"];
const AT_ONCE = 4, PAGE = 100, ROWS_MAX = 200_000;

export async function transfer({ main, call, title, command }) {
  title("Import and export");
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress", hidden: true }), said = h("p", { role: "status" }), errors = h("ul", { class: "bad" });
  const progress = (done, of, text) => { bar.hidden = false; bar.max = Math.max(of, 1); bar.value = done; say(said, text); };
  main.replaceChildren(h("h1", {}, "Import and export"),
    h("p", {}, "A row for each SKU; rows of one id are one product. Columns: ", h("code", {}, COLUMNS.join(",")), ". Categories and prices are separated by |, a price is such as 14.50 EUR."),
    h("div", { class: "columns" },
      section("Import", command("Import", [
        field("File", { id: "file", type: "file", accept: ".csv,text/csv", required: true }, { hint: "Products that there are get what the file says. Stock is received once for each file, however often it is sent." })],
      async e => {
        errors.replaceChildren();
        await importFile(await e.file.files[0].text(), e.file.files[0].name);
      })),
      section("Export", command("Export", [h("p", {}, "All products, with what is available now.")], exportFile))),
    bar, said, errors);

  async function importFile(text, name) {
    const [head, ...rows] = parse(text);
    if (!head || !["id", "title", "sku", "prices"].every(c => head.includes(c))) throw new Error(`The first row must name the columns; id, title, sku and prices are needed.`);
    if (rows.length > ROWS_MAX) throw new Error(`A file has at most ${count(ROWS_MAX)} rows.`);
    const products = new Map();
    rows.forEach((cells, i) => {
      const row = Object.fromEntries(head.map((c, j) => [c, (cells[j] ?? "").trim()]));
      if (!products.has(row.id)) products.set(row.id, []);
      products.get(row.id).push({ ...row, line: i + 2 });
    });
    const reference = `csv-${fingerprint(text)}`, waiting = [...products];
    let done = 0, failed = 0;
    async function work() {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        try {
          await importProduct(...next, reference);
        } catch (problem) {
          failed++;
          if (failed <= 100) errors.append(h("li", {}, `Line ${next[1][0].line} (${next[0] || "no id"}): ${problem.message}`));
          if (problem.status === 401 || problem.status === 403) { waiting.length = 0; throw problem; }
        }
        progress(++done, products.size, `${count(done)} of ${plural(products.size, "product")} of ${name}${failed ? `, ${count(failed)} refused` : ""}`);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    say(said, `Done: ${plural(done - failed, "product")} imported${failed ? `, ${count(failed)} refused` : ""}.`);
  }

  async function importProduct(id, rows, reference) {
    if (!id) throw new Error("The id is missing.");
    const [first] = rows;
    const body = {
      title: first.title, description: first.description ?? "", categories: (first.categories ?? "").split("|").map(c => c.trim()).filter(c => c), published: !/^(no|false|0)$/i.test(first.published ?? ""),
      variants: rows.map(r => ({ sku: r.sku, title: r.variant ?? "", prices: pricesOf(r.prices) })),
    };
    const stocks = rows.filter(r => r.stock).map(r => ({ sku: r.sku, quantity: Number(r.stock) }));
    if (stocks.some(s => !Number.isInteger(s.quantity) || s.quantity < 0)) throw new Error("Stock must be a number of units.");
    await call("PUT", path`/products/${id}`, { body });
    for (const { sku, quantity } of stocks) if (quantity > 0) await call("POST", path`/stock/${sku}/receipts`, { body: { quantity, reference } });
  }

  async function exportFile() {
    const rows = [COLUMNS];
    let token = null, done = 0;
    do {
      const page = await call("GET", `/products?${new URLSearchParams({ pageSize: PAGE, ...(token && { pageToken: token }) })}`);
      const left = new Map(await Promise.all(page.products.flatMap(p => p.variants).map(async v => [v.sku, await call("GET", path`/stock/${v.sku}`).then(s => s.available, () => 0)])));
      for (const p of page.products) for (const v of p.variants)
        rows.push([p.id, p.title, p.description, p.categories.join("|"), p.published ? "yes" : "no", v.sku, v.title ?? "", v.prices.map(m => `${m.amount} ${m.currency}`).join("|"), left.get(v.sku)]);
      done += page.products.length;
      token = page.nextPageToken;
      progress(token ? 0 : 1, 1, `${plural(done, "product")} read`);
      if (token) bar.removeAttribute("value");
    } while (token);
    save("products.csv", write(rows));
    say(said, `Exported ${plural(done, "product")}.`);
  }
}

function fingerprint(text) {
  let [a, b] = [2166136261, 5381];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 16777619) >>> 0;
    b = (Math.imul(b, 33) + text.charCodeAt(i)) >>> 0;
  }
  return a.toString(36) + b.toString(36) + text.length.toString(36);
}
