// What happened to one grain, from the journal, newest first; and its state now.
import { h, plural, section, when, words } from "/assets/dom.js";
import { path } from "/assets/api.js";

export async function log({ main, id, call, title }) {
  const type = new URLSearchParams(location.search).get("type") ?? "order";
  title(`Log of ${type} ${id}`);
  const list = h("ol", { class: "timeline" }), more = h("p"), state = h("pre", { tabindex: 0, "aria-label": "State" });
  const [first, now] = await Promise.all([call("GET", path`/grains/${type}/${id}/commits?limit=50`), call("GET", path`/grains/${type}/${id}`)]);
  function add(page) {
    list.append(...page.commits.map(c => h("li", {}, h("time", { datetime: c.at }, when(c.at)), h("strong", {}, ` ${c.version}. `), c.events
      ? c.events.map(e => h("details", {}, h("summary", {}, words((e.$type ?? "").split(".").slice(1, -1).join(" ") || "event")), h("pre", { tabindex: 0 }, JSON.stringify(e, null, 2))))
      : `${plural(c.eventCount, "event")}, too large to be shown`)));
    more.replaceChildren(...(page.before ? [h("button", { type: "button", onclick: async event => {
      event.target.disabled = true;
      add(await call("GET", path`/grains/${type}/${id}/commits?limit=50&before=${page.before}`));
    } }, "Earlier")] : []));
  }
  add(first);
  state.textContent = now.state ? JSON.stringify(now.state, null, 2) : "It is too large to be shown.";
  main.replaceChildren(h("h1", {}, `Log of ${type} ${id}`), h("p", { class: "quiet" }, `${plural(now.version, "event")} in ${plural(now.commits, "commit")}.`),
    section("What happened", list, more), section("State now", state));
}
