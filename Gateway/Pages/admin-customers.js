// Customers: the list, and one of them with orders and activity, export and erasure.
import { h, count, field, grid, money, section, when, words } from "/assets/dom.js";
import { path } from "/assets/api.js";
import { save } from "/assets/csv.js";

export async function customers({ main, call, title }) {
  title("Customers");
  const asked = new URLSearchParams(location.search);
  const page = await call("GET", `/customers?${new URLSearchParams({ pageSize: 50, ...(asked.get("after") && { pageToken: asked.get("after") }) })}`);
  const form = h("form", { class: "tools plain", role: "search", onsubmit: event => {
    event.preventDefault();
    location.assign(path`/admin/customers/${form.elements.find.value.trim()}`);
  } }, field("Id", { id: "find", type: "search", required: true, maxlength: 64 }), h("button", { type: "submit" }, "Open"));
  main.replaceChildren(h("h1", {}, "Customers"), form, grid("Customers", ["Customer", "Name", "E-mail", "Orders", "Since"], page.customers.map(c => [
    h("a", { href: path`/admin/customers/${c.id}` }, c.id), c.erased ? "erased" : c.name ?? "–", c.email ?? "–", count(c.orderCount), when(c.createdAt)])),
  page.nextPageToken && h("p", {}, h("a", { href: `/admin/customers?${new URLSearchParams({ after: page.nextPageToken })}` }, "More")) || "");
}

export async function customer({ main, id, call, title, command, notice }) {
  title(`Customer ${id}`);
  const [known, history, activity] = await Promise.all([call("GET", path`/customers/${id}`), call("GET", path`/customers/${id}/orders?pageSize=50`), call("GET", path`/customers/${id}/activity`)]);
  const tile = (name, text) => h("div", {}, h("dt", {}, name), h("dd", {}, text));
  main.replaceChildren(h("h1", {}, known.erased ? "Erased customer" : known.name ?? known.id),
    h("p", {}, known.id, " · ", known.email ?? "no e-mail", " · ", h("a", { href: `${path`/admin/log/${id}`}?type=customer` }, "Log")),
    known.addresses.map(a => h("p", {}, Object.values(a).filter(t => t).join(", "))),
    h("dl", { class: "tiles" }, tile("Orders", count(known.orderCount)), tile("Units", count(activity.units)), tile("Came back", count(activity.returnedUnits)), tile("Views", count(activity.views)),
      tile("Value", activity.lifetimeValue.map(money).join(", ") || "–"), tile("Segment", words(activity.segment)), tile("Last seen", when(activity.lastSeenAt))),
    h("h2", {}, "Orders"), grid("Orders", ["Order", "From", "Status", "Total"], history.orders.map(o => [h("a", { href: path`/admin/orders/${o.id}` }, o.number), when(o.createdAt), words(o.status), money(o.total)])),
    history.total > history.orders.length && h("p", { class: "quiet" }, `The newest ${history.orders.length} of ${count(history.total)}.`) || "",
    h("div", { class: "columns" },
      section("Export", command("Export everything", [h("p", {}, "All that is kept of this customer, as JSON.")],
        async () => save(`customer-${id}.json`, JSON.stringify(await call("GET", path`/customers/${id}/export`), null, 2), "application/json"))),
      !known.erased && section("Erase", command("Erase for ever", [h("p", {}, "Name, addresses and e-mail are gone for ever; orders stay, without them."), field("Type the id to confirm", { id: "confirm", required: true, autocomplete: "off" })],
        async e => {
          if (e.confirm.value.trim() !== id) throw new Error("That is not the id of this customer.");
          await call("DELETE", path`/customers/${id}`);
          notice("Erased.");
          await customer({ main, id, call, title, command, notice });
        }, { danger: true })) || ""));
}
