// What the shop sells: revenue over time, from looking to paying, what sells most and what will be sold out.
import { h, count, field, grid, money, section, when } from "/assets/dom.js";
import { path } from "/assets/api.js";
import { bars, funnel } from "/assets/chart.js";

const SPANS = [["hour", "The last hour", 3_600e3, "minute"], ["day", "The last day", 86_400e3, "hour"], ["week", "The last week", 7 * 86_400e3, "hour"], ["month", "The last 30 days", 30 * 86_400e3, "day"], ["year", "The last year", 366 * 86_400e3, "day"]];

export async function overview({ main, call, title }) {
  title("Overview");
  const asked = new URLSearchParams(location.search);
  const [, , length, window] = SPANS.find(s => s[0] === asked.get("span")) ?? SPANS[1];
  const to = asked.get("to") ? new Date(`${asked.get("to")}T23:59:59Z`) : new Date(Date.now() + 60_000);
  if (Number.isNaN(to.getTime())) throw new Error("The day must be such as 2026-01-31.");
  const range = new URLSearchParams({ from: new Date(to - length).toISOString(), to: to.toISOString() });
  const [sales, steps, top, low] = await Promise.all([
    call("GET", `/analytics/sales?window=${window}&${range}`), call("GET", `/analytics/funnel?window=${window}&${range}`),
    call("GET", `/analytics/top-products?limit=10&${range}`), call("GET", "/analytics/stock?threshold=25&limit=20")]);
  const codes = [...new Set(sales.windows.flatMap(w => w.revenue.map(m => m.currency)))].sort();
  const of = (amounts, code) => amounts.find(m => m.currency === code)?.amount ?? 0;
  const label = at => window === "day" ? at.slice(0, 10) : when(at);
  const tile = (name, text) => h("div", {}, h("dt", {}, name), h("dd", {}, text));
  const total = sales.total;
  main.replaceChildren(h("h1", {}, "Overview"),
    h("form", { class: "tools plain", method: "get", action: "/admin" },
      field("Time", { id: "span", name: "span", value: asked.get("span") ?? "day" }, { tag: "select", options: SPANS.map(s => [s[0], s[1]]) }),
      field("Up to", { id: "to", name: "to", type: "date", value: asked.get("to") ?? "" }), h("button", { type: "submit" }, "Show")),
    h("dl", { class: "tiles" }, tile("Orders", count(total.orders)), tile("Units", count(total.units)),
      codes.map(c => tile(`Revenue ${c}`, money({ amount: of(total.revenue, c), currency: c }))), codes.map(c => tile(`Refunds ${c}`, money({ amount: of(total.refunds, c), currency: c }))),
      codes.map(c => tile(`Average order ${c}`, money(total.averageOrderValue.find(m => m.currency === c)))), tile("Cancelled", count(total.cancelled)), tile("Units returned", count(total.returnedUnits))),
    h("div", { class: "charts wide" },
      codes.length ? codes.map(c => bars(`Revenue in ${c}`, sales.windows.map(w => ({ label: label(w.from), value: of(w.revenue, c) })), v => money({ amount: v, currency: c }))) : h("p", {}, "Nothing was sold in this time."),
      bars("Orders", sales.windows.map(w => ({ label: label(w.from), value: w.orders })), count),
      funnel("From looking to paying", [
        { label: "Views", value: steps.views }, { label: "Put into carts", value: steps.cartLines }, { label: "Checkouts", value: steps.checkouts }, { label: "Paid", value: steps.paid }], count)),
    h("div", { class: "columns" },
      section("What sells most", grid("What sells most", ["Product", "Units", "Revenue"],
        top.products.map(p => [h("a", { href: path`/admin/products/${p.productId}` }, p.productId), count(p.units), p.revenue.map(money).join(", ")]), { empty: "Nothing yet." })),
      section("What will be sold out", grid("What will be sold out", ["SKU", "Left", "Units an hour", "Sold out"],
        low.items.map(i => [h("a", { href: path`/admin/stock/${i.sku}` }, i.sku), count(i.available), i.unitsPerHour.toFixed(1), i.available <= 0 ? "now" : i.sellOutAt ? when(i.sellOutAt) : "not soon"]), { empty: "Nothing is low." }))));
}
