// The scanner's page: card after card, without network too. Each scan is told by colour, word and sound, and "saved" is
// said only when the phone has it on its disk. What is kept and how it is sent: store.js and sender.js.
import * as store from "./store.js";
import { send } from "./sender.js";
import { watch } from "./camera.js";
import { beep, wake } from "./sound.js";

const UNDO_FOR = 30_000; // So long a scan stays on the phone, to be taken back.
const RENEW_BEFORE = 5 * 86_400_000;
const ROUND = 5000;
const AGAIN_AFTER = 60_000; // What waits for another phone's record is not sent again in each round.
const SAME_CARD = 4000; // A camera reads a card that is held up many times.
const CARD = /^[2-9A-HJ-NP-Z]{8}$/;

const at = (id) => document.getElementById(id);
const word = (name, values = {}) => (document.querySelector(`[data-word="${name}"]`)?.textContent ?? name)
  .replace(/\{(\w+)\}/g, (_, key) => values[key]);

let [community, activity] = location.hash.slice(1).split("/");
let recorder, offset, csrf, kind = "in", line = "offline", refusedHere = "", close = null, busy = false, wanted = false;
const scanned = new Map(); // What this page has taken: "activity kind code" to the time of it.

// --- one scan ---------------------------------------------------------------------------------------------------

// The code of a card however it was read; a word for what it is instead.
function cardIn(text) {
  const [, elsewhere] = text.match(/\/c\/([0-9a-f]{32})\/card#/) ?? [];
  if (elsewhere && elsewhere !== community) return { wrong: "elsewhere" };
  const code = text.slice(text.lastIndexOf("#") + 1).replace(/[\s-]/g, "").toUpperCase();
  return CARD.test(code) ? { code } : { wrong: "no_card" };
}

async function take(text) {
  performance.mark("scan");
  if (!recorder || !activity) return tell("no", "no_recorder");
  if (refusedHere) return tell("no", refusedHere);
  const { code, wrong } = cardIn(text.trim());
  if (wrong) return tell("no", wrong);
  const name = `${activity} ${kind} ${code}`, now = Date.now();
  if (scanned.has(name)) {
    const before = scanned.get(name);
    scanned.set(name, now);
    return now - before > SAME_CARD || !close ? tell("wait", "twice") : undefined;
  }
  scanned.set(name, now);
  try {
    await store.add({ person: recorder, community, activity, kind, at: now, offset: offset ?? null }, code);
  } catch {
    scanned.delete(name);
    return tell("no", "no_store");
  }
  tell("ok", `saved_${kind}`, word("card", { tail: code.slice(-2) }));
  return show();
}

function tell(colour, name, hint = word(`${name}_hint`)) {
  at("shown").className = `shown ${colour}`;
  at("said").textContent = word(name);
  at("hint").textContent = hint === `${name}_hint` ? "" : hint;
  beep(colour);
  navigator.vibrate?.(colour === "ok" ? 40 : [60, 60, 60]);
  performance.measure("feedback", "scan");
}

// --- what one sees ----------------------------------------------------------------------------------------------

const isToday = (item) => Date.now() - item.at < 86_400_000 && item.activity === activity;

async function show() {
  const items = recorder ? await store.itemsOf(recorder) : [];
  const waiting = items.filter((item) => item.state === "waiting").length;
  at("count").textContent = items.filter((item) => isToday(item) && item.state !== "refused").length;
  at("last").replaceChildren(...items.filter(isToday).slice(-5).reverse().map(row));
  const refused = items.filter((item) => item.state === "refused");
  at("refused").hidden = !refused.length;
  at("conflicts").replaceChildren(...refused.map(conflict));
  at("send").hidden = !waiting;
  at("signin").hidden = line === "offline" || (recorder && line !== "online_signin");
  const state = line === "online" ? (waiting ? "online_waiting" : "online_done") : line;
  at("line").textContent = word(state, { count: waiting });
  at("line").className = `chip ${state === "online_done" ? "ok" : "wait"}`;
}

const clock = (moment) => new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", timeStyle: "medium", hourCycle: "h23" }).format(moment);

function lineOf(item) {
  const entry = document.createElement("li"), words = document.createElement("span");
  words.textContent = `${word(item.kind)} · ${word("card", { tail: item.tail })} · ${clock(item.at + (item.offset ?? offset ?? 0))}`;
  entry.append(words);
  return entry;
}

function button(name, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn slim";
  made.textContent = word(name);
  made.addEventListener("click", act);
  return made;
}

function row(item) {
  const entry = lineOf(item), state = document.createElement("span");
  state.className = `chip ${{ waiting: "wait", recorded: "ok", refused: "no" }[item.state]}`;
  state.textContent = word(item.state === "waiting" && item.reason ? item.reason : item.state);
  entry.append(state);
  if (item.state === "waiting" && !item.happened_at) entry.append(button("undo", () => undo(item)));
  return entry;
}

function conflict(item) {
  const entry = lineOf(item), why = document.createElement("p");
  const known = document.querySelector(`[data-reason="${CSS.escape(item.reason ?? "")}"]`);
  why.className = "wide";
  why.textContent = `${known?.textContent ?? word("other_reason")} ${known?.dataset.step ?? word("other_step")}`;
  entry.append(why, button("dismiss", () => dismiss(item)));
  return entry;
}

// The card may be scanned again: the reason may be gone.
async function dismiss(item) {
  await store.dismiss(item.id);
  scanned.clear();
  await remember();
  await show();
}

async function undo(item) {
  const code = await store.codeOf(item);
  if (await store.undo(item.id)) {
    scanned.delete(`${item.activity} ${item.kind} ${code}`);
    performance.mark("scan");
    tell("wait", "undone", word("card", { tail: item.tail }));
  }
  await show();
}

// --- the network ------------------------------------------------------------------------------------------------

async function ask(path, form) {
  const more = form ? { method: "POST", body: form, headers: { "X-CSRFToken": csrf } } : {};
  return fetch(path, { credentials: "same-origin", cache: "no-store", ...more });
}

// Who is signed in, and by how much this phone's clock is off. Without a sign-in the last recorder goes on.
async function meet() {
  const before = Date.now(), answer = await ask("/scanner/who");
  if (!answer.ok) throw new Error("offline");
  const { now, person } = await answer.json();
  offset = Math.round(now - (before + Date.now()) / 2);
  await store.learn("offset", offset);
  if (person && person !== recorder) await become(person);
  return person;
}

async function become(person) {
  recorder = person;
  scanned.clear();
  await store.learn("recorder", person);
  await remember();
}

// After a reload: what still waits is known again, so that a card scanned twice is said at once.
async function remember() {
  for (const item of await store.itemsOf(recorder)) {
    if (item.state === "waiting") scanned.set(`${item.activity} ${item.kind} ${await store.codeOf(item)}`, 0);
  }
}

async function learnActivity() {
  const answer = await ask(`/c/${community}/activities/${activity}/scanner/state`);
  if (answer.status === 403 || answer.status === 404) refusedHere = "not_here";
  if (!answer.ok) return;
  const { csrf: token, ...found } = await answer.json();
  csrf = token;
  await store.learn(`activity:${activity}`, found);
  await store.learn("last", [community, activity]);
  name(found);
  const grant = await store.grantOf(recorder);
  if (grant && grant.expires_at - Date.now() - offset > RENEW_BEFORE) return;
  const form = new FormData();
  if (grant) form.set("before", grant.id);
  const made = await ask(`/c/${community}/scanner/grant`, form);
  if (made.ok) await store.keepGrant(recorder, await made.json());
}

function name(found) {
  if (!found) return;
  refusedHere = found.state === "cancelled" ? "cancelled" : "";
  at("name").textContent = found.name;
  at("where").textContent = `${found.place} · ${clock(Date.parse(found.starts_at)).slice(0, 5)}–${clock(Date.parse(found.ends_at)).slice(0, 5)}`;
}

// One at a time, in one tab at a time: asks, renews the grant, sends what is due.
async function round(everything = false) {
  wanted ||= everything;
  if (busy) return;
  busy = true;
  try {
    do {
      const turn = sync.bind(null, wanted);
      wanted = false;
      await (navigator.locks ? navigator.locks.request("scanner", turn) : turn());
    } while (wanted);
  } catch {
    line = "offline";
  } finally {
    busy = false;
  }
  await show();
}

async function sync(everything) {
  const person = await meet();
  if (person && activity) await learnActivity();
  if (!recorder) return;
  line = "online";
  const isDue = (item) => everything || Date.now() - item.at > UNDO_FOR;
  const isDueAgain = (item) => everything || !item.reason || Date.now() - item.tried > AGAIN_AFTER;
  const became = await send(recorder, { offset, isDue, isDueAgain });
  if (became === "signin") line = "online_signin";
  if (became === "offline") line = "offline";
}

async function readPhoto() {
  const [photo] = at("photo").files;
  if (!photo) return;
  performance.mark("scan");
  tell("wait", "reading", "");
  const form = new FormData();
  form.set("photo", photo);
  try {
    const answer = await ask(`/c/${community}/scanner/photo`, form), found = await answer.json();
    if (answer.ok) await take(found.code);
    else tell("no", found.sentence ?? "other_reason", found.next_step ?? "");
  } catch {
    tell("no", "photo_offline");
  }
  at("photo").value = "";
}

async function toggleCamera() {
  wake();
  if (close) {
    close();
    close = null;
  } else {
    performance.mark("scan");
    try {
      close = await watch(at("video"), take);
    } catch (error) {
      tell("no", error.message === "no_decoder" ? "no_decoder" : "no_camera");
    }
  }
  at("video").hidden = !close;
  at("camera").lastChild.textContent = word(close ? "camera_on" : "camera_off");
}

function choose(chosen) {
  kind = chosen;
  for (const one of ["in", "out"]) at(one).setAttribute("aria-pressed", String(one === chosen));
  at("code").focus();
}

function listen() {
  at("typed").addEventListener("submit", (event) => {
    event.preventDefault();
    wake();
    const typed = at("code").value;
    at("code").value = "";
    at("code").focus();
    if (typed.trim()) take(typed);
  });
  at("in").addEventListener("click", () => choose("in"));
  at("out").addEventListener("click", () => choose("out"));
  at("camera").addEventListener("click", toggleCamera);
  at("photo").addEventListener("change", readPhoto);
  at("send").addEventListener("click", () => round(true));
  addEventListener("online", () => round());
  addEventListener("offline", () => { line = "offline"; show(); });
  addEventListener("hashchange", () => location.reload());
  setInterval(() => { if (navigator.onLine) round(); }, ROUND);
}

async function start() {
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/scanner/worker.js").catch(() => {});
  navigator.storage?.persist?.();
  recorder = await store.fact("recorder");
  offset = await store.fact("offset");
  if (!activity) [community, activity] = (await store.fact("last")) ?? [];
  name(await store.fact(`activity:${activity}`));
  listen();
  if (recorder) {
    await remember();
    await store.forgetOld(recorder, Date.now());
  }
  await show();
  await round();
  document.body.dataset.ready = "yes";
}

start().catch(() => {
  performance.mark("scan");
  tell("no", "no_store");
});
