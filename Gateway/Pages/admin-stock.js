// The stock of one SKU: its figures, receipts, corrections, and how it may be sold.
import { h, count, field, live, plural, section, when } from "/assets/dom.js";
import { path } from "/assets/api.js";

const EVERY_MS = 2_000;
const iso = text => text ? new Date(`${text}Z`).toISOString() : null;
const local = text => text ? new Date(text).toISOString().slice(0, 16) : "";

export async function stock({ main, id: sku, call, title, command, notice }) {
  title(`Stock of ${sku}`);
  const figures = h("dl", { class: "tiles" });
  const read = async () => {
    try {
      return await call("GET", path`/stock/${sku}`);
    } catch (problem) {
      if (problem.status === 404) return null;
      throw problem;
    }
  };
  const show = level => figures.replaceChildren(...(level
    ? [["Available", level.available], ["On hand", level.onHand], ["Reserved", level.reserved], ["Received", level.received], ["Corrected", level.adjusted], ["Sold", level.sold], ["Came back", level.returned]]
    : [["Available", 0]]).map(([name, n]) => h("div", {}, h("dt", {}, name), h("dd", {}, count(n)))));
  const level = await read(), { waitingRooms } = await call("GET", "/waiting-rooms");
  const listed = waitingRooms.find(r => r.skus.includes(sku));
  const room = listed && await call("GET", path`/waiting-rooms/${listed.id}`);
  show(level);
  const change = (method, part, body, done) => call(method, path`/stock/${sku}` + part, { body }).then(now => { show(now); notice(done); });
  const window = level?.windows?.at(-1);
  main.replaceChildren(h("h1", {}, `Stock of ${sku}`),
    h("p", {}, h("a", { href: `${path`/admin/log/${sku}`}?type=stock` }, "Log of this SKU")), figures,
    h("div", { class: "columns" },
      section("Units arrive", command("Book the receipt", [
        field("Units", { id: "received", type: "number", min: 1, required: true }), field("Delivery note", { id: "note", maxlength: 200 }, { hint: "The same note is booked once" }),
      ], async (e, form) => {
        await change("POST", "/receipts", { quantity: Number(e.received.value), ...(e.note.value.trim() && { reference: e.note.value.trim() }) }, `${plural(Number(e.received.value), "unit")} booked.`);
        form.reset();
      })),
      section("The count is wrong", command("Correct it", [
        field("Difference", { id: "difference", type: "number", required: true }, { hint: "Such as -3 for three that broke" }), field("Reason", { id: "reason", required: true, maxlength: 200 }),
      ], async (e, form) => {
        await change("POST", "/adjustments", { difference: Number(e.difference.value), reason: e.reason.value }, "Corrected.");
        form.reset();
      })),
      section("How it may be sold", command("Set the rules", [
        field("Units a customer", { id: "limit", type: "number", min: 1, value: level?.limitPerCustomer ?? "" }, { hint: "Empty for no limit" }),
        field("Sale from (UTC)", { id: "from", type: "datetime-local", value: local(window?.from) }, { hint: "Both empty: always" }), field("Sale until (UTC)", { id: "until", type: "datetime-local", value: local(window?.to) }),
      ], async e => {
        const [from, to] = [iso(e.from.value), iso(e.until.value)];
        if (!from !== !to) throw new Error("A sale window has a beginning and an end.");
        await change("PUT", "/rules", { limitPerCustomer: e.limit.value ? Number(e.limit.value) : null, windows: from ? [{ from, to }] : [] }, "The rules are set.");
      })),
      section("Waiting room", room && h("p", {}, `${room.id}: ${count(room.waiting)} wait, ${count(room.admitted)} of ${plural(room.issued, "ticket")} were admitted.`),
        command(room ? "Change it" : "Open it", [
          field("Name", { id: "room", required: true, value: room?.id ?? "", maxlength: 64, readonly: Boolean(room) }), field("Admitted a second", { id: "rate", type: "number", min: 0, step: "any", required: true, value: room?.admittedPerSecond ?? 50 }),
          field("Opens (UTC)", { id: "opens", type: "datetime-local", value: local(room?.opensAt) }, { hint: "Empty for now" }), field("Time for buying, seconds", { id: "seconds", type: "number", min: 1, value: room?.admissionSeconds ?? 600 }),
        ], async e => {
          await call("PUT", path`/waiting-rooms/${e.room.value.trim()}`, { body: {
            skus: room?.skus ?? [sku], admittedPerSecond: Number(e.rate.value), opensAt: iso(e.opens.value), admissionSeconds: Number(e.seconds.value) || 600, customersOnly: room?.customersOnly ?? false,
          } });
          location.reload();
        }),
        room && command("End it", [], async () => {
          if (!confirm("End the waiting room? Everybody may buy then.")) return;
          await call("DELETE", path`/waiting-rooms/${room.id}`);
          location.reload();
        }, { danger: true }))));
  live(EVERY_MS, async () => show(await read()));
  if (window && Date.parse(window.to) < Date.now()) notice(`The last sale window ended ${when(window.to)}.`);
}
