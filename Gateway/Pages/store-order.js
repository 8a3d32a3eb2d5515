// An order as it is now, and the orders of this browser.
import { h, grid, live, money, say, when, words } from "/assets/dom.js";
import { path } from "/assets/api.js";
import { call, orders } from "/assets/session.js";

const EVERY_MS = 2_000;

const STATUS = {
  pending: "We are waiting for the payment.", placed: "It is paid, and will be shipped soon.", fulfilled: "It is on its way.",
  cancelled: "It is cancelled.", returned: "It came back.",
};

export async function order({ main, id, title, notice }) {
  const status = h("p", { class: "status", role: "status" }), body = h("div"), alert = h("p", { role: "alert", class: "bad" });
  let version = 0;
  const first = await call("GET", path`/orders/${id}`);
  title(`Order ${first.number}`);
  main.replaceChildren(h("h1", {}, `Order ${first.number}`), status, alert, body);
  show(first);
  live(EVERY_MS, async () => show(await call("GET", path`/orders/${id}`)));

  function show(now) {
    if (now.version === version) return;
    version = now.version;
    const refunded = now.payment.refunded.amount > 0;
    say(status, `${words(now.status)[0].toUpperCase()}${words(now.status).slice(1)}. ${STATUS[now.status] ?? ""}${refunded ? ` ${money(now.payment.refunded)} was refunded.` : ""}${now.cancelReason ? ` (${now.cancelReason})` : ""}`);
    body.replaceChildren(
      grid("What was bought", ["Product", "Price", "Quantity", "Total"],
        now.lines.map(l => [h("a", { href: path`/products/${l.productId}` }, l.title || l.sku), money(l.price), String(l.quantity), money(l.total)])),
      h("dl", { class: "totals" },
        now.discounts.map(d => [h("dt", {}, `Coupon ${d.code}`), h("dd", {}, `−${money(d.amount)}`)]),
        h("dt", { class: "sum" }, "Total"), h("dd", { class: "sum" }, money(now.total)),
        h("dt", {}, "Payment"), h("dd", { id: "payment" }, words(now.payment.status)),
        refunded && [h("dt", {}, "Refunded"), h("dd", { id: "refunded" }, money(now.payment.refunded))]),
      h("h2", {}, "What happened"),
      h("ol", { class: "timeline" }, timeline(now).map(([at, text]) => h("li", {}, h("time", { datetime: at }, when(at)), ` ${text}`))),
      now.status === "placed" && h("p", {}, h("button", { type: "button", onclick: cancel }, "Cancel the order")),
      now.shippingAddress && h("section", { class: "plain", "aria-label": "Delivery" }, h("h2", {}, "Delivery"),
        h("p", {}, [now.shippingAddress.name, now.shippingAddress.line1, now.shippingAddress.postalCode, now.shippingAddress.city, now.shippingAddress.country].filter(t => t).join(", "))));
  }

  async function cancel(event) {
    event.target.disabled = true;
    say(alert, "");
    try {
      show(await call("POST", path`/orders/${id}/cancel`, { body: { reason: "cancelled by the customer" } }));
      notice("The order is cancelled.");
    } catch (problem) {
      say(alert, problem.message);
      event.target.disabled = false;
    }
  }
}

function timeline(now) {
  const lines = booking => booking.lines.map(l => `${l.quantity} × ${l.sku}`).join(", ");
  return [
    [now.createdAt, "Ordered"],
    ...now.fulfilments.map(f => [f.at, `Shipped: ${lines(f)}${f.note ? ` (${f.note})` : ""}`]),
    ...now.returns.map(r => [r.at, `Came back: ${lines(r)}`]),
    ...now.refunds.map(r => [r.at, `Refunded ${money(r.amount)}${r.note ? ` (${r.note})` : ""}`]),
  ].sort((a, b) => a[0].localeCompare(b[0]));
}

export async function history({ main, title }) {
  title("Orders");
  const found = await Promise.all(orders().map(id => call("GET", path`/orders/${id}`).catch(problem => { if (problem.status === 404) return null; throw problem; })));
  const known = found.filter(o => o);
  main.replaceChildren(h("h1", {}, "Orders"),
    grid("Orders of this browser", ["Order", "From", "Status", "Total"],
      known.map(o => [h("a", { href: path`/orders/${o.id}` }, o.number), when(o.createdAt), words(o.status), money(o.total)]), { empty: "Nothing was ordered in this browser yet." }));
}
