// Sends what waits, oldest first, in batches that the server answers item by item. Each item carries its own key, so
// sending again is harmless; the next batch is sent only when the one before was answered.
import * as store from "./store.js";

const MOST = 200;

// Sends the waiting items of one recorder that `isDue`, and those sent before that `isDueAgain`. Answers "done", "later" (try again), "offline" or "signin".
export async function send(person, { offset, isDue, isDueAgain }) {
  const due = (await store.itemsOf(person)).filter((item) => item.state === "waiting" && (item.happened_at ? isDueAgain(item) : isDue(item)));
  if (!due.length) return "done";
  const grant = await store.grantOf(person);
  if (!grant) return "signin";
  for (const community of new Set(due.map((item) => item.community))) {
    const mine = due.filter((item) => item.community === community);
    for (let start = 0; start < mine.length; start += MOST) {
      const became = await sendBatch(community, await prepare(mine.slice(start, start + MOST), offset), grant.token);
      if (became === "signin") await store.keepGrant(person, null);
      if (became !== "done") return became;
    }
  }
  return "done";
}

// The moment by the server's clock: what the phone's clock was off by when it scanned, or else what it is off by now.
const moment = (item, offset) => new Date(item.at + (item.offset ?? offset ?? 0)).toISOString();

async function prepare(items, offset) {
  const batch = [];
  for (const item of items) {
    const card_code = await store.codeOf(item);
    if (!card_code) {
      await store.settle(item.id, "refused", "unreadable");
      continue;
    }
    const frozen = await store.freeze(item.id, moment(item, offset));
    if (!frozen) continue; // Taken back a moment ago.
    batch.push({ key: frozen.id, activity_id: frozen.activity, kind: frozen.kind, via: { card_code }, happened_at: frozen.happened_at });
  }
  return batch;
}

async function sendBatch(community, items, token) {
  if (!items.length) return "done";
  let answer;
  try {
    answer = await fetch(`/api/v1/communities/${community}/checkins/batch`, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: JSON.stringify({ items }),
    });
    if (answer.status === 401) return "signin";
    if ([403, 404, 422].includes(answer.status)) {
      const { code } = await answer.json().catch(() => ({}));
      for (const { key } of items) await store.settle(key, "refused", code);
      return "done";
    }
    if (!answer.ok) return "later";
    return await take((await answer.json()).results);
  } catch {
    return "offline";
  }
}

async function take(results) {
  for (const { key, status, code } of results) {
    if (status === "refused") await store.settle(key, "refused", code);
    else if (status === "later") await store.postpone(key, code);
    else await store.settle(key, "recorded");
  }
  // What waits for another phone's record delays nobody else's.
  return results.some((one) => one.status === "later" && !one.code) ? "later" : "done";
}
