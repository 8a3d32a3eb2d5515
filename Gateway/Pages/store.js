// The storefront's frame: which page the address means, the header, and what to show when something fails.
import { h, find, say } from "/assets/dom.js";
import { cart, choose, currency, settings } from "/assets/session.js";
import { browse } from "/assets/store-browse.js";
import { product } from "/assets/store-product.js";
import { basket, checkout } from "/assets/store-cart.js";
import { order, history } from "/assets/store-order.js";
import { sale } from "/assets/store-sale.js";

const PAGES = { "": browse, products: product, cart: basket, checkout, orders: order, sales: sale };

const [part, id] = location.pathname.split("/").slice(1).map(decodeURIComponent);
const page = part === "orders" && !id ? history : PAGES[part] ?? browse;
const main = find("main");

function notice(text) {
  say(find("notice"), "");
  setTimeout(() => say(find("notice"), text), 20);
}

function title(text) {
  document.title = `${text} – Shop`;
}

/** Shows how much is in the cart. */
function counted(now) {
  const units = now ? now.lines.reduce((sum, l) => sum + l.quantity, 0) : 0;
  say(find("cart-count"), units ? String(units) : "");
  if (units) find("cart-count").setAttribute("aria-label", `${units} in it`); else find("cart-count").removeAttribute("aria-label");
}

for (const code of settings.currencies) find("currency").append(h("option", { value: code, selected: code === currency() }, code));
find("currency").addEventListener("change", async event => {
  const lost = await choose(event.target.value);
  if (lost.length) sessionStorage.setItem("shop.notice", `Not sold in ${event.target.value}: ${lost.join(", ")}.`);
  location.reload();
});
find("q").value = new URLSearchParams(location.search).get("q") ?? "";

const left = sessionStorage.getItem("shop.notice");
if (left) { sessionStorage.removeItem("shop.notice"); notice(left); }

try {
  if (!settings.publishableKey) throw new Error("This shop has no publishable key yet. Set Shop:PublishableKey and start it again.");
  await page({ main, id, notice, title, counted });
  find("loading")?.remove();
  if (part !== "cart") counted(await cart());
} catch (problem) {
  main.replaceChildren(
    h("h1", {}, problem.status === 404 ? "Not found" : "That did not work"),
    h("p", { role: "alert" }, problem.status === 404 ? "There is no such page here, or it is somebody else's." : problem.message),
    h("p", {}, h("a", { href: "/" }, "Back to the shop")));
}
