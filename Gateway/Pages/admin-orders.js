// Orders: the newest, and one of them with everything that can be done to it.
import { h, field, grid, live, money, section, when, words } from "/assets/dom.js";
import { path } from "/assets/api.js";

const EVERY_MS = 2_000;

export async function orders({ main, call, title }) {
  title("Orders");
  const { orders: newest } = await call("GET", "/orders?pageSize=100");
  const list = h("div");
  const show = () => {
    const wanted = form.elements.find.value.trim().toLowerCase(), status = form.elements.status.value;
    list.replaceChildren(grid("The newest orders", ["Order", "From", "Status", "Payment", "Total", "Units", "E-mail"], newest
      .filter(o => (!wanted || [o.number, o.id, o.email ?? "", o.customerId ?? ""].some(t => t.toLowerCase().includes(wanted))) && (!status || o.status === status))
      .map(o => [h("a", { href: path`/admin/orders/${o.id}` }, o.number), when(o.createdAt), words(o.status), words(o.payment.status), money(o.total), String(o.lines.reduce((n, l) => n + l.quantity, 0)), o.email ?? "–"]),
    { empty: "None of the newest hundred is such an order. An id finds any order." }));
  };
  const form = h("form", { class: "tools plain", role: "search", oninput: show, onsubmit: async event => {
    event.preventDefault();
    const id = form.elements.find.value.trim();
    if (id && list.querySelectorAll("tbody tr").length !== 1) location.assign(path`/admin/orders/${id}`);
    else list.querySelector("tbody a")?.click();
  } },
  field("Number, id or e-mail", { id: "find", type: "search", maxlength: 254 }),
  field("Status", { id: "status", value: "" }, { tag: "select", options: [["", "all"], ...["pending", "placed", "fulfilled", "cancelled", "returned"].map(s => [s, s])] }), h("button", { type: "submit" }, "Open"));
  main.replaceChildren(h("h1", {}, "Orders"), h("p", { class: "quiet" }, "The newest hundred."), form, list);
  show();
}

export async function order({ main, id, call, title, command, notice }) {
  let version = 0;
  const head = h("div"), actions = h("div", { class: "columns" });
  const first = await call("GET", path`/orders/${id}`);
  title(`Order ${first.number}`);
  main.replaceChildren(h("h1", {}, `Order ${first.number}`), head, actions);

  const run = (part, body, done) => call("POST", path`/orders/${id}` + part, { body }).then(now => { show(now); notice(done); });
  const remaining = (now, bookings) => now.lines.map(l => ({ ...l, left: l.quantity - now[bookings].flatMap(b => b.lines).filter(b => b.sku === l.sku).reduce((n, b) => n + b.quantity, 0) }));
  const shippable = now => remaining(now, "fulfilments").filter(l => l.left > 0);
  const shipped = now => now.lines.map(l => {
    const of = name => now[name].flatMap(b => b.lines).filter(b => b.sku === l.sku).reduce((n, b) => n + b.quantity, 0);
    return { ...l, left: of("fulfilments") - of("returns") };
  }).filter(l => l.left > 0);
  const quantities = lines => lines.map((l, i) => field(`${l.title || l.sku} (${l.sku}), of ${l.left}`, { id: `${l.verb}-${i}`, type: "number", min: 0, max: l.left, value: l.left, "data-sku": l.sku }));
  const chosen = form => [...form.querySelectorAll("[data-sku]")].map(i => ({ sku: i.dataset.sku, quantity: Number(i.value) })).filter(l => l.quantity > 0);

  function show(now) {
    if (now.version === version) return;
    version = now.version;
    const left = now.total.amount - now.payment.refunded.amount;
    head.replaceChildren(
      h("p", { class: "status", role: "status" }, `${words(now.status)}, payment ${words(now.payment.status)}${now.payment.refunded.amount > 0 ? `, ${money(now.payment.refunded)} refunded` : ""}${now.cancelReason ? ` (${now.cancelReason})` : ""}`),
      h("p", {}, `${when(now.createdAt)} · ${now.email ?? "no e-mail"} · `, now.customerId ? h("a", { href: path`/admin/customers/${now.customerId}` }, now.customerId) : "guest", " · ", h("a", { href: `${path`/admin/log/${id}`}?type=order` }, "Log"), " · ",
        h("a", { href: `${path`/admin/log/${id}`}?type=payment` }, "Log of the payment")),
      now.shippingAddress && h("p", {}, Object.values(now.shippingAddress).filter(t => t).join(", ")),
      grid("Lines", ["Product", "SKU", "Price", "Quantity", "Total"], now.lines.map(l => [h("a", { href: path`/admin/products/${l.productId}` }, l.title || l.productId), h("a", { href: path`/admin/stock/${l.sku}` }, l.sku), money(l.price), String(l.quantity), money(l.total)])),
      h("p", {}, now.discounts.map(d => `Coupon ${d.code}: −${money(d.amount)}. `), h("strong", {}, `Total ${money(now.total)}`)),
      ...[["fulfilments", "Shipped"], ["returns", "Came back"], ["refunds", "Refunded"]].filter(([name]) => now[name].length).map(([name, text]) => grid(text, ["When", "What", "Note"],
        now[name].map(b => [when(b.at), b.amount ? `${text} ${money(b.amount)}` : `${text}: ${b.lines.map(l => `${l.quantity} × ${l.sku}`).join(", ")}`, b.note ?? ""]))));
    const verb = (lines, name) => lines.map(l => ({ ...l, verb: name }));
    actions.replaceChildren(...[
      now.status === "placed" && now.fulfilments.length === 0 && section("Cancel", command("Cancel the order", [field("Reason", { id: "cancel-reason", maxlength: 200 })],
        async e => { if (confirm("Cancel the order and give the money back?")) await run("/cancel", { reason: e["cancel-reason"].value.trim() || null }, "Cancelled."); }, { danger: true })),
      ["placed", "fulfilled", "returned"].includes(now.status) && shippable(now).length > 0 && section("Ship", command("Ship", [quantities(verb(shippable(now), "ship")), field("Tracking", { id: "tracking", maxlength: 200 })],
        (e, form) => run("/fulfilments", { lines: chosen(form), tracking: e.tracking.value.trim() || null }, "Shipped."))),
      shipped(now).length > 0 && section("Take back", command("Take back", [quantities(verb(shipped(now), "return")), h("p", { class: "field" }, h("label", { class: "choice" }, h("input", { type: "checkbox", id: "restock", checked: true }), "Fit for sale"))],
        (e, form) => run("/returns", { lines: chosen(form), restock: e.restock.checked }, "Taken back."))),
      left > 0 && ["captured", "partiallyRefunded"].includes(now.payment.status) && section("Refund", command("Refund", [
        field(`Amount in ${now.total.currency}`, { id: "amount", type: "number", min: 0, step: "any", max: left, value: left, required: true }), field("Reason", { id: "refund-reason", maxlength: 200 })],
      e => run("/refunds", { amount: { amount: Number(e.amount.value), currency: now.total.currency }, reason: e["refund-reason"].value.trim() || null }, "Refunded."))),
    ].filter(s => s));
  }

  show(first);
  // A form that somebody is filling in is not taken away.
  live(EVERY_MS, async () => { if (!actions.contains(document.activeElement)) show(await call("GET", path`/orders/${id}`)); });
}
