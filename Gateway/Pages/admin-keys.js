// API keys: the list, a new one, and revoking.
import { h, field, grid, section, when } from "/assets/dom.js";
import { path } from "/assets/api.js";

const SCOPES = [
  ["*", "Everything"], ["catalog:write", "Change products"], ["stock:write", "Change stock, sale windows and waiting rooms"], ["checkout", "Fill carts and check out for anybody"], ["orders:read", "See orders of anybody"],
  ["orders:write", "Fulfil, cancel, return and refund"], ["customers", "See and change customers"], ["promotions:write", "Change coupons"], ["sessions", "Open sessions for customers"], ["keys", "Make and revoke keys"],
  ["analytics:read", "See figures of the shop"], ["events:read", "Read the feed of events"], ["views:write", "Report views of any visitor"], ["operate", "See the dashboard, replay and rebuild consumers"],
];

export async function keys({ main, call, title, command, notice }) {
  title("API keys");
  const list = h("div"), made = h("div", { role: "status" });
  async function show() {
    const found = await call("GET", "/keys");
    list.replaceChildren(grid("API keys", ["Name", "Kind", "Scopes", "Since", "Revoke"], found.keys.map(k => [k.name, k.kind, k.scopes.join(", ") || "–", when(k.createdAt),
      h("button", { type: "button", class: "quiet-button", "aria-label": `Revoke ${k.name}`, onclick: async event => {
        if (!confirm(`Revoke ${k.name}? Who uses it is shut out within a second.`)) return;
        event.target.disabled = true;
        await call("DELETE", path`/keys/${k.id}`);
        notice(`${k.name} is revoked.`);
        await show();
      } }, "Revoke")]), { empty: "None besides those of the settings." }));
  }
  await show();
  const form = command("Make the key", [
    field("Name", { id: "name", required: true, maxlength: 200 }, { hint: "Who uses it, and for what" }), field("Kind", { id: "kind", value: "secret" }, { tag: "select", options: [["secret", "secret, for programs of the shop"], ["publishable", "publishable, for storefronts"]] }),
    h("fieldset", {}, h("legend", {}, "May"), SCOPES.map(([scope, text]) => h("label", { class: "choice" }, h("input", { type: "checkbox", name: "scope", value: scope }), `${text} (${scope})`))),
  ], async (e, form) => {
    const scopes = [...form.querySelectorAll("[name=scope]:checked")].map(s => s.value);
    if (e.kind.value === "secret" && scopes.length === 0) throw new Error("A secret key may do something: choose at least one scope.");
    const key = await call("POST", "/keys", { body: { name: e.name.value, kind: e.kind.value, scopes } });
    made.replaceChildren(h("p", {}, `The key of ${key.name}, shown this once: `, h("code", {}, key.key)));
    form.reset();
    await show();
  });
  main.replaceChildren(h("h1", {}, "API keys"), list, section("A new key", form, made));
}
