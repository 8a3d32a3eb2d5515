// A flash sale: the time until it opens, how much is left, and the waiting room before it.
import { h, count, live, money, plural, say } from "/assets/dom.js";
import { path } from "/assets/api.js";
import { art } from "/assets/art.js";
import { add, call, keepTicket, look, priceOf, ticketOf } from "/assets/session.js";
import { nextOpening } from "/assets/store-product.js";

const STOCK_EVERY_MS = 1_000;

export async function sale({ main, id, title }) {
  const [product, { waitingRooms }] = await Promise.all([look("GET", path`/products/${id}`), look("GET", "/waiting-rooms")]);
  const variant = product.variants.find(v => waitingRooms.some(r => r.skus.includes(v.sku))) ?? product.variants[0];
  const room = waitingRooms.find(r => r.skus.includes(variant.sku))?.id ?? null;
  title(`Sale: ${product.title}`);
  const clock = h("p", { class: "clock", role: "timer" }), bar = h("progress", { max: 1, value: 0, "aria-label": "Left of the stock" }), left = h("p", { role: "status" });
  const place = h("p", { class: "place", role: "status" }), alert = h("p", { role: "alert", class: "bad" });
  const button = h("button", { type: "button", onclick: act }, room ? "Join the waiting room" : "Buy");
  let opensAt = null, available = null, ticket = null, stop = () => {};
  main.replaceChildren(h("article", { class: "product sale" }, h("div", { class: "picture" }, art(product.id)),
    h("div", {}, h("h1", {}, product.title), h("p", { class: "description" }, product.description), h("p", { class: "price large" }, money(priceOf(variant))),
      clock, bar, left, place, h("p", {}, button), alert)));

  async function act() {
    say(alert, "");
    button.disabled = true;
    try {
      if (room && ticket?.state !== "admitted") {
        take(await call("POST", path`/waiting-rooms/${room}/tickets`));
        wait();
      } else {
        await add(variant.sku, 1);
        location.assign("/checkout");
      }
    } catch (problem) {
      say(alert, problem.message);
    }
    show();
  }

  // Asks as often as the shop says: who waits long asks rarely.
  function wait() {
    stop();
    stop = live(1_000, poll);
  }

  async function poll() {
    try {
      take(await call("GET", path`/waiting-rooms/${room}/tickets/${ticket.ticket}`));
    } catch (problem) {
      if (problem.status !== 404) throw problem;
      // The room is gone: everybody may buy.
      keepTicket(room, null);
      location.reload();
    }
    show();
    if (ticket.state === "expired") stop();
    return ticket.state === "waiting" ? Math.min(15_000, Math.max(1_000, (ticket.estimatedSeconds ?? 60) * 250)) : 5_000;
  }

  function take(news) {
    ticket = news;
    keepTicket(room, news.state === "expired" ? null : news.ticket);
  }

  function show() {
    const isOpen = !opensAt || opensAt <= Date.now();
    const isAdmitted = !room || ticket?.state === "admitted";
    say(place, !room || !ticket ? "" : ticket.state === "admitted" ? "It is your turn."
      : ticket.state === "expired" ? "Your time for buying is over. You may join again."
        : `You are number ${count(ticket.position)} in the queue${ticket.estimatedSeconds == null ? ", which is held." : `; about ${span(ticket.estimatedSeconds)} to go.`}`);
    say(button, isAdmitted ? "Buy" : ticket?.state === "waiting" ? "Waiting …" : "Join the waiting room");
    button.disabled = available === 0 || (isAdmitted && !isOpen) || ticket?.state === "waiting";
  }

  live(STOCK_EVERY_MS, async () => {
    const [level, progress] = await Promise.all([look("GET", path`/stock/${variant.sku}`), room ? look("GET", path`/waiting-rooms/${room}`).catch(() => null) : null]);
    const opening = nextOpening(level) ?? (progress?.opensAt ? new Date(progress.opensAt) : null);
    [opensAt, available] = [opening, level.available];
    const all = level.onHand + level.sold;
    bar.max = Math.max(all, 1);
    bar.value = level.available;
    say(left, level.available > 0 ? `${count(level.available)} of ${plural(all, "unit")} left` : "Sold out");
    show();
  });
  setInterval(() => {
    const rest = opensAt ? Math.ceil((opensAt - Date.now()) / 1_000) : 0;
    say(clock, rest > 0 ? `Opens in ${span(rest)}` : available === 0 ? "The sale is over" : "The sale is open");
    clock.setAttribute("aria-live", "off");
    show();
  }, 1_000);
  const known = room && ticketOf(room);
  if (known) {
    try {
      take(await call("GET", path`/waiting-rooms/${room}/tickets/${known}`));
      wait();
    } catch {
      keepTicket(room, null);
    }
  }
  show();
}

function span(seconds) {
  const s = Math.max(0, Math.round(seconds)), two = n => String(n).padStart(2, "0");
  return s < 60 ? `${s} s` : s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)} min` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)} h`;
}
