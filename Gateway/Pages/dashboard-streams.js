// Consumers of events, what they could not take, and the reminders.
import { find, h, say, when } from "/assets/dom.js";
import { path } from "/assets/api.js";
import { sortable } from "/assets/table.js";
import { whole } from "/assets/figures.js";

const EVERY_MS = 5_000;

/** @param {(method: string, path: string) => Promise<any>} call @param {() => boolean} isShown */
export function streams(call, isShown) {
  const buttons = new Map();
  const showStreams = sortable(find("stream-table"), [
    { name: "consumer", title: "Consumer", isText: true },
    { name: "commitsBehind", title: "Commits behind", text: r => whole(r.commitsBehind) },
    { name: "rebuild", title: "Rebuild", text: r => r.rebuildCommitsBehind == null ? "–" : `${whole(r.rebuildCommitsBehind)} to go` },
    { name: "parked", title: "Parked", isBad: r => r.parked > 0 },
    { name: "replay", title: "Replay", cell: replayButton },
  ], "Consumers of events");
  const showParked = sortable(find("parked-table"), [
    { name: "consumer", title: "Consumer", isText: true },
    { name: "eventId", title: "Event", isText: true },
    { name: "subject", title: "Subject", isText: true, isLong: true },
    { name: "parkedAt", title: "Since", isText: true },
    { name: "error", title: "Why", isText: true, isLong: true },
  ], "Parked events", { by: "parkedAt" });
  const showReminders = sortable(find("reminder-table"), [
    { name: "grain", title: "Grain", isText: true },
    { name: "name", title: "Reminder", isText: true },
    { name: "periodSeconds", title: "Every", text: r => `${whole(r.periodSeconds)} s` },
    { name: "firstTickAt", title: "Since", isText: true, text: r => when(r.firstTickAt) },
  ], "Reminders");

  async function refresh() {
    if (!isShown()) return;
    // When nothing answers, the live connection says so.
    const [status, reminders] = await Promise.all([call("GET", "/streams").catch(() => null), call("GET", "/reminders").catch(() => null)]);
    if (status) {
      showStreams(status.consumers.map(c => ({ ...c, parked: status.parked.filter(p => p.consumer === c.consumer).length })));
      showParked(status.parked);
      find("no-parked").hidden = status.parked.length > 0;
    }
    if (reminders) showReminders(reminders.reminders);
  }

  function replayButton(row) {
    let button = buttons.get(row.consumer);
    if (!button) {
      button = h("button", { type: "button", "aria-label": `Replay the parked events of ${row.consumer}`, onclick: () => replay(row.consumer, button) }, "Replay");
      buttons.set(row.consumer, button);
    }
    button.disabled = row.parked === 0;
    return button;
  }

  async function replay(consumer, button) {
    button.disabled = true;
    say(find("state"), await call("POST", path`/streams/${consumer}/replay`).then(({ left }) => `${consumer}: ${left} left`, () => `${consumer} could not be replayed`));
    await refresh();
  }

  setInterval(refresh, EVERY_MS);
  return refresh;
}
