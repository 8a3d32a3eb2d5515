// The back office's frame: signing in, which page the address means, and what to show when something fails.
import { h, field, find, say } from "/assets/dom.js";
import { client, path } from "/assets/api.js";
import { overview } from "/assets/admin-overview.js";
import { products, product, newProduct } from "/assets/admin-products.js";
import { stock } from "/assets/admin-stock.js";
import { orders, order } from "/assets/admin-orders.js";
import { coupons } from "/assets/admin-coupons.js";
import { customers, customer } from "/assets/admin-customers.js";
import { keys } from "/assets/admin-keys.js";
import { transfer } from "/assets/admin-transfer.js";
import { log } from "/assets/admin-log.js";

const KEY = "shop.key";
const PARTS = [
  ["", "Overview", overview], ["products", "Products", products, product], ["orders", "Orders", orders, order], ["coupons", "Coupons", coupons],
  ["customers", "Customers", customers, customer], ["transfer", "Import and export", transfer], ["keys", "API keys", keys],
];
const PAGES = { "new-product": newProduct, stock, log };

const [part, id] = location.pathname.split("/").slice(2).map(decodeURIComponent);
const main = find("main");
const call = client(async () => sessionStorage.getItem(KEY));

function notice(text) {
  say(find("notice"), "");
  setTimeout(() => say(find("notice"), text), 20);
}

function title(text) {
  document.title = `${text} – Back office – Shop`;
}

function signIn(refusal = "") {
  title("Sign in");
  find("leave").hidden = true;
  const form = h("form", { autocomplete: "off", onsubmit: event => {
    event.preventDefault();
    sessionStorage.setItem(KEY, form.elements.key.value.trim());
    show();
  } },
  h("h1", {}, "Sign in"), h("p", {}, "With a secret key. It stays in this tab; what it may do here follows from its scopes."),
  field("Secret key", { id: "key", type: "password", required: true, autocomplete: "off", spellcheck: "false" }),
  h("button", { type: "submit" }, "Sign in"), h("p", { role: "alert", class: "bad" }, refusal));
  main.replaceChildren(form);
}

/** A form that calls the shop: the button waits, what is wrong is said beside it. */
function command(text, fields, run, { danger = false } = {}) {
  const alert = h("p", { role: "alert", class: "bad" }), button = h("button", { type: "submit", class: danger ? "danger" : null }, text);
  const form = h("form", { class: "command", onsubmit: async event => {
    event.preventDefault();
    button.disabled = true;
    say(alert, "");
    try {
      await run(form.elements, form);
    } catch (problem) {
      say(alert, problem.message);
    }
    button.disabled = false;
  } }, fields, button, alert);
  return form;
}

async function show() {
  if (!sessionStorage.getItem(KEY)) return signIn();
  find("leave").hidden = false;
  const known = PARTS.find(p => p[0] === (part ?? ""));
  const page = known ? (id && known[3]) || known[2] : PAGES[part];
  try {
    if (!page) throw Object.assign(new Error("There is no such page."), { status: 404 });
    await page({ main, id, call, notice, title, command });
  } catch (problem) {
    if (problem.status === 401) {
      sessionStorage.removeItem(KEY);
      return signIn("This key is not known.");
    }
    main.replaceChildren(h("h1", {}, problem.status === 404 ? "Not found" : problem.status === 403 ? "Not with this key" : "That did not work"), h("p", { role: "alert" }, problem.message));
  }
}

find("parts").append(...PARTS.map(([name, text]) => h("a", { href: name ? path`/admin/${name}` : "/admin", "aria-current": name === (part ?? "") ? "page" : null }, text)));
find("leave").addEventListener("click", () => { sessionStorage.removeItem(KEY); signIn(); });
await show();
