// A visitor of the storefront: a session of the API, its cart, its orders and its tickets. They stay in this browser.
import { client, path, Problem } from "/assets/api.js";

const store = {
  get(name, missing = null) {
    try { return JSON.parse(localStorage.getItem(`shop.${name}`)) ?? missing; } catch { return missing; }
  },
  set(name, value) { localStorage.setItem(`shop.${name}`, JSON.stringify(value)); },
};

let opening = null;
export const settings = await fetch("/storefront.json").then(a => a.json());

/** Calls as the publishable key: what everybody may see. */
export const look = client(async () => settings.publishableKey);

/** Calls as this visitor; the session is opened when it is needed first. */
export const call = client(token, async () => {
  // The session has ended, and with it what it could see.
  for (const name of ["session", "cart", "tickets"]) localStorage.removeItem(`shop.${name}`);
  return true;
});

async function token() {
  const known = store.get("session");
  if (known && Date.parse(known.expiresAt) > Date.now() + 60_000) return known.token;
  opening ??= look("POST", "/sessions", { body: {} }).then(s => { store.set("session", s); return s.token; }).finally(() => { opening = null; });
  return await opening;
}

// ---- currency

export const currency = () => {
  const chosen = store.get("currency");
  return settings.currencies.includes(chosen) ? chosen : settings.defaultCurrency;
};

/** Chooses a currency; a cart in another one is filled anew. Gives the titles of what is not sold in it. */
export async function choose(code) {
  store.set("currency", code);
  const old = await cart();
  const lost = [];
  if (!old || old.currency === code) return lost;
  store.set("cart", null);
  for (const line of old.lines) {
    try {
      await put(line.sku, line.quantity);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      lost.push(line.title);
    }
  }
  return lost;
}

export const priceOf = variant => variant.prices.find(p => p.currency === currency());

// ---- cart

/** The open cart; null when there is none. */
export async function cart() {
  const id = store.get("cart");
  if (!id) return null;
  try {
    const found = await call("GET", path`/carts/${id}`);
    if (found.status === "open" || found.status === "checkingOut") return found;
    if (found.orderId) remember(found.orderId);
  } catch (problem) {
    if (problem.status !== 404 && problem.status !== 410) throw problem;
  }
  store.set("cart", null);
  return null;
}

/** Sets the quantity of a SKU; opens a cart when there is none. */
export async function put(sku, quantity) {
  const id = (await cart())?.id ?? await open();
  return await call("PUT", path`/carts/${id}/lines/${sku}`, { body: { quantity } });
}

/** Adds units of a SKU to those that are in the cart. */
export async function add(sku, quantity) {
  const known = (await cart())?.lines.find(l => l.sku === sku)?.quantity ?? 0;
  return await put(sku, known + quantity);
}

async function open() {
  const made = await call("POST", "/carts", { body: { currency: currency() } });
  store.set("cart", made.id);
  return made.id;
}

export const closeCart = () => store.set("cart", null);

// ---- orders and tickets

const ORDERS_MAX = 50;
export const orders = () => store.get("orders", []);
export const remember = id => store.set("orders", [id, ...orders().filter(o => o !== id)].slice(0, ORDERS_MAX));

export const ticketOf = room => store.get("tickets", {})[room] ?? null;
export function keepTicket(room, ticket) {
  const tickets = store.get("tickets", {});
  if (ticket) tickets[room] = ticket; else delete tickets[room];
  store.set("tickets", tickets);
}
export const ticketHeaders = () => {
  const tickets = Object.values(store.get("tickets", {}));
  return tickets.length ? { "Waiting-Room-Ticket": tickets.slice(-20).join(", ") } : {};
};
