// The cart, and buying what is in it.
import { h, count, field, grid, live, money, say } from "/assets/dom.js";
import { path } from "/assets/api.js";
import { call, cart, closeCart, look, put, remember, ticketHeaders } from "/assets/session.js";

const STOCK_EVERY_MS = 3_000;

export async function basket({ main, title, notice, counted }) {
  title("Cart");
  let known = null, left = new Map();
  const alert = h("p", { role: "alert", class: "bad" });
  const body = h("div");
  // Made once: the cart is drawn again whenever something about it changes, and who types a code meanwhile goes on.
  const coupon = couponForm(code => change(() => call("POST", path`/carts/${known.id}/coupons`, { body: { code } }), `Coupon ${code} is on.`));
  main.replaceChildren(h("h1", {}, "Cart"), alert, body);

  async function change(work, done) {
    say(alert, "");
    try {
      show(await work());
      if (done) notice(done);
      return true;
    } catch (problem) {
      show(await cart().catch(() => known));
      say(alert, problem.message);
      return false;
    }
  }

  function show(now) {
    known = now;
    counted(now);
    if (!now || now.lines.length === 0) {
      body.replaceChildren(h("p", {}, "The cart is empty. ", h("a", { href: "/" }, "Look around")));
      return;
    }
    const focused = document.activeElement?.id;
    body.replaceChildren(
      grid("What is in the cart", ["Product", "Price", "Quantity", "Total", "Remove"], now.lines.map(row)),
      h("div", { class: "columns" }, coupons(now), totals(now)));
    if (focused) document.getElementById(focused)?.focus();
  }

  function row(line) {
    const name = line.title || line.sku, warning = warningOf(line);
    return [
      [h("a", { href: path`/products/${line.productId}` }, name), warning && h("span", { class: "bad block" }, warning)],
      money(line.price),
      h("input", {
        id: `quantity-${line.sku}`, type: "number", min: 1, max: 999, value: line.quantity, "aria-label": `Quantity of ${name}`,
        onchange: event => change(() => put(line.sku, Math.max(1, Number(event.target.value) || 1))),
      }),
      money(line.total),
      h("button", { type: "button", class: "quiet-button", "aria-label": `Remove ${name}`, onclick: () => change(() => call("DELETE", path`/carts/${known.id}/lines/${line.sku}`), `${name} is removed.`) }, "Remove"),
    ];
  }

  const warningOf = line => {
    const available = left.get(line.sku);
    return available == null || available >= line.quantity ? null : available > 0 ? `Only ${count(available)} left` : "Sold out";
  };

  function coupons(now) {
    const applied = new Set(now.discounts.map(d => d.code));
    return h("div", {}, coupon, now.coupons.length > 0 && h("ul", { class: "coupons" }, now.coupons.map(c => h("li", {}, c, applied.has(c) ? "" : " (does not apply to this cart) ",
      h("button", { type: "button", class: "quiet-button", "aria-label": `Take off coupon ${c}`, onclick: () => change(() => call("DELETE", path`/carts/${now.id}/coupons/${c}`), `Coupon ${c} is off.`) }, "Take off")))));
  }

  const stop = live(STOCK_EVERY_MS, async () => {
    if (!known) return;
    const levels = await Promise.all(known.lines.map(l => look("GET", path`/stock/${l.sku}`).then(s => [l.sku, s.available])));
    const before = JSON.stringify([...left]);
    left = new Map(levels);
    if (JSON.stringify(levels) !== before && document.activeElement?.tagName !== "INPUT") show(known);
  });
  try {
    show(await cart());
  } catch (problem) {
    stop();
    throw problem;
  }
}

/** @param {(code: string) => Promise<boolean>} use takes the coupon into the cart; whether it could */
function couponForm(use) {
  return h("form", { class: "plain", onsubmit: async event => {
    event.preventDefault();
    const { code } = event.target.elements, typed = code.value.trim();
    if (typed && await use(typed) && code.value.trim() === typed) code.value = "";
  } }, field("Coupon", { id: "code", name: "code", maxlength: 64, autocomplete: "off", spellcheck: "false" }), h("button", { type: "submit" }, "Use it"));
}

function totals(now) {
  return h("div", {}, h("dl", { class: "totals" },
    h("dt", {}, "Subtotal"), h("dd", {}, money(now.subtotal)),
    now.discounts.map(d => [h("dt", {}, `Coupon ${d.code}`), h("dd", {}, `−${money(d.amount)}`)]),
    h("dt", { class: "sum" }, "Total"), h("dd", { class: "sum", id: "total" }, money(now.total))),
  location.pathname === "/cart" && h("a", { class: "button", href: "/checkout" }, "Check out"));
}

const CARDS = [
  ["tok_approve", "Test card that is approved"], ["tok_decline", "Test card that is declined"],
  ["tok_late", "Test card that is approved late"], ["tok_timeout", "Test card whose bank does not answer"],
];

export async function checkout({ main, title, counted }) {
  title("Checkout");
  const now = await cart();
  counted(now);
  if (!now || now.lines.length === 0) {
    main.replaceChildren(h("h1", {}, "Checkout"), h("p", {}, "The cart is empty. ", h("a", { href: "/" }, "Look around")));
    return;
  }

  const alert = h("div", { role: "alert", class: "bad" });
  const button = h("button", { type: "submit" }, `Pay ${money(now.total)}`);
  let acceptPriceChanges = false;
  const form = h("form", { class: "checkout", onsubmit: pay },
    h("fieldset", {}, h("legend", {}, "Contact and delivery"),
      field("E-mail", { id: "email", type: "email", required: true, autocomplete: "email", maxlength: 254 }),
      field("Name", { id: "name", required: true, autocomplete: "name", maxlength: 200 }),
      field("Street and number", { id: "line1", required: true, autocomplete: "address-line1", maxlength: 200 }),
      field("Postal code", { id: "postalCode", required: true, autocomplete: "postal-code", maxlength: 50 }),
      field("City", { id: "city", required: true, autocomplete: "address-level2", maxlength: 200 }),
      field("Country", { id: "country", required: true, autocomplete: "country", maxlength: 2, pattern: "[A-Za-z]{2}", value: "GB" }, { hint: "Two letters, such as GB" })),
    h("fieldset", {}, h("legend", {}, "Payment"), h("p", { class: "quiet" }, "Nothing is charged: these are the cards of the test provider."),
      CARDS.map(([token, text], i) => h("label", { class: "choice" }, h("input", { type: "radio", name: "token", value: token, checked: i === 0 }), text))),
    alert, button);
  main.replaceChildren(h("h1", {}, "Checkout"), h("div", { class: "columns" }, form, h("section", { class: "plain", "aria-label": "What is bought" },
    h("ul", { class: "lines" }, now.lines.map(l => h("li", {}, `${l.quantity} × ${l.title || l.sku}`, h("span", {}, money(l.total))))), totals(now))));

  async function pay(event) {
    event.preventDefault();
    button.disabled = true;
    alert.replaceChildren();
    const of = id => form.elements[id].value.trim();
    const body = {
      email: of("email"), shippingAddress: { name: of("name"), line1: of("line1"), postalCode: of("postalCode"), city: of("city"), country: of("country").toUpperCase() },
      payment: { method: "card", token: form.elements.token.value }, acceptPriceChanges,
    };
    try {
      const placed = await call("POST", path`/carts/${now.id}/checkout`, { body, idempotencyKey: keyOf(body), headers: ticketHeaders() });
      remember(placed.id);
      closeCart();
      location.assign(path`/orders/${placed.id}`);
    } catch (problem) {
      // What was refused for good may be tried anew; what is not known is tried again as the same command.
      if (problem.status >= 400 && problem.status < 500) sessionStorage.removeItem("shop.checkout");
      explain(problem);
      button.disabled = false;
      alert.scrollIntoView({ block: "nearest" });
    }
  }

  // The same purchase keeps its key, also over a reload of the page: it happens once.
  function keyOf(body) {
    const text = JSON.stringify([now.id, now.version, body]);
    const known = JSON.parse(sessionStorage.getItem("shop.checkout") ?? "null");
    if (known?.text === text) return known.key;
    const key = crypto.randomUUID();
    sessionStorage.setItem("shop.checkout", JSON.stringify({ text, key }));
    return key;
  }

  function explain(problem) {
    const titleOf = sku => now.lines.find(l => l.sku === sku)?.title ?? sku;
    if (problem.type === "out-of-stock") {
      alert.append(h("p", {}, "There is not enough left of:"), h("ul", {}, problem.facts.shortages.map(s =>
        h("li", {}, `${titleOf(s.sku)}: ${s.available > 0 ? `only ${count(s.available)} left, ${s.requested} in the cart` : "sold out"}`))),
      h("p", {}, "Nothing was charged. ", h("a", { href: "/cart" }, "Change the cart")));
    } else if (problem.type === "price-changed") {
      acceptPriceChanges = true;
      alert.append(h("p", {}, "Prices have changed:"), h("ul", {}, problem.facts.changes.map(c => h("li", {}, `${titleOf(c.sku)}: ${money(c.newPrice)} instead of ${money(c.oldPrice)}`))),
        h("p", {}, "Pay again to buy at these prices."));
    } else if (problem.type === "waiting-room" || problem.type === "ticket-expired" || problem.type === "waiting") {
      const line = now.lines.find(l => l.sku === problem.facts.sku);
      alert.append(h("p", {}, problem.type === "waiting" ? problem.message : problem.facts.title, " ", line && h("a", { href: path`/sales/${line.productId}` }, "To the waiting room")));
    } else if (problem.type === "cart-closed" && problem.facts.orderId) {
      remember(problem.facts.orderId);
      alert.append(h("p", {}, "This cart was bought already. ", h("a", { href: path`/orders/${problem.facts.orderId}` }, "See the order")));
    } else {
      alert.append(h("p", {}, problem.status === 402 ? `${problem.message} Nothing was charged. Choose another card.` : problem.type ? problem.message : `${problem.message} Try again: it will not be charged twice.`));
    }
  }
}
