// Coupons: what they take off, for whom, and how often they were used.
import { h, amountOf, count, field, grid, money, section, when } from "/assets/dom.js";
import { path } from "/assets/api.js";

export async function coupons({ main, call, title, command, notice }) {
  title("Coupons");
  const asked = new URLSearchParams(location.search);
  const page = await call("GET", `/promotions?${new URLSearchParams({ pageSize: 100, ...(asked.get("after") && { pageToken: asked.get("after") }) })}`);
  const list = h("div");
  const show = () => list.replaceChildren(grid("Coupons", ["Code", "Takes off", "From a total of", "Valid", "Used", "With others", "Log"], page.promotions.map(p => [
    p.code, p.percentOff != null ? `${p.percentOff} %` : money(p.amountOff), p.minimumTotal ? money(p.minimumTotal) : "–",
    p.validFrom || p.validTo ? `${when(p.validFrom)} to ${when(p.validTo)}` : "always", `${count(p.uses)}${p.usesMax ? ` of ${count(p.usesMax)}` : ""}${p.usesPerCustomerMax ? `, ${p.usesPerCustomerMax} a customer` : ""}`,
    p.combinable ? "yes" : "no", h("a", { href: `${path`/admin/log/${p.code}`}?type=promotion`, "aria-label": `Log of ${p.code}` }, "Log")])));
  show();
  const form = command("Save the coupon", [
    field("Code", { id: "code", required: true, maxlength: 64, autocomplete: "off" }, { hint: "One that there is gets these rules; its uses stay" }),
    field("Per cent off", { id: "percent", type: "number", min: 0.01, max: 100, step: 0.01 }), field("or amount off", { id: "amount", maxlength: 30 }, { hint: "Such as 5.00 EUR" }),
    field("From a total of", { id: "minimum", maxlength: 30 }, { hint: "Such as 50.00 EUR; empty for any" }), field("Valid from (UTC)", { id: "from", type: "datetime-local" }), field("Valid until (UTC)", { id: "to", type: "datetime-local" }),
    field("Uses in total", { id: "uses", type: "number", min: 1 }), field("Uses a customer", { id: "each", type: "number", min: 1 }),
    h("p", { class: "field" }, h("label", { class: "choice" }, h("input", { type: "checkbox", id: "combinable" }), "Goes with other coupons")),
  ], async (e, form) => {
    const number = name => e[name].value ? Number(e[name].value) : null, amount = name => e[name].value.trim() ? amountOf(e[name].value) : null, time = name => e[name].value ? new Date(`${e[name].value}Z`).toISOString() : null;
    const code = e.code.value.trim();
    const saved = await call("PUT", path`/promotions/${code}`, { body: {
      code, percentOff: number("percent"), amountOff: amount("amount"), minimumTotal: amount("minimum"), validFrom: time("from"), validTo: time("to"),
      usesMax: number("uses"), usesPerCustomerMax: number("each"), combinable: e.combinable.checked,
    } });
    page.promotions = [...page.promotions.filter(p => p.code !== saved.code), saved].sort((a, b) => a.code.localeCompare(b.code));
    show();
    form.reset();
    notice(`Coupon ${saved.code} is saved.`);
  });
  main.replaceChildren(h("h1", {}, "Coupons"), list, page.nextPageToken && h("p", {}, h("a", { href: `/admin/coupons?${new URLSearchParams({ after: page.nextPageToken })}` }, "More")) || "",
    section("A coupon", form));
}
