// What the phone remembers, in IndexedDB. A promise of a write is kept only when the write is on the disk.
// Codes and the grant are encrypted by a key that belongs to the recorder and cannot be taken out of the browser.
//
// items:  {id, person, community, activity, kind, at, offset, state, iv, sealed, tail, happened_at?, reason?, tried?}
//         state: waiting, recorded or refused; iv and sealed go as soon as the server has answered.
// people: {person, key, grant?: {id, expires_at, iv, sealed}}
// facts:  recorder, offset, last, activity:ID

const DAYS_KEPT = 7;
let opened;

function base() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open("red-flower-scanner", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("facts");
      asked.result.createObjectStore("people", { keyPath: "person" });
      asked.result.createObjectStore("items", { keyPath: "id" }).createIndex("person", "person");
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

// Runs `act` in one transaction and answers when it has ended well. `act` may hand its result to `keep`.
async function run(store, mode, act) {
  const transaction = (await base()).transaction(store, mode, { durability: "strict" });
  return new Promise((resolve, reject) => {
    let result;
    transaction.oncomplete = () => resolve(result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
    act(transaction.objectStore(store), (value) => { result = value; });
  });
}

const read = (store, ask) => run(store, "readonly", (rows, keep) => {
  const asked = ask(rows);
  asked.onsuccess = () => keep(asked.result);
});

export const fact = (name) => read("facts", (rows) => rows.get(name));
export const learn = (name, value) => run("facts", "readwrite", (rows) => rows.put(value, name));

// --- whose ----------------------------------------------------------------------------------------------------

async function recorder(person) {
  const known = await read("people", (rows) => rows.get(person));
  if (known) return known;
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  // Two tabs may come here at once: the first row stays.
  await run("people", "readwrite", (rows) => {
    const asked = rows.get(person);
    asked.onsuccess = () => { if (!asked.result) rows.put({ person, key }); };
  });
  return read("people", (rows) => rows.get(person));
}

async function seal(person, text) {
  const { key } = await recorder(person), iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, sealed: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(text)) };
}

async function unseal(person, { iv, sealed }) {
  const { key } = await recorder(person);
  return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
}

// The card's code, or null where the phone's own record of it is damaged: such an item delays no other.
export const codeOf = (item) => unseal(item.person, item).catch(() => null);

export async function grantOf(person) {
  const { grant } = await recorder(person);
  return grant && { id: grant.id, expires_at: grant.expires_at, token: await unseal(person, grant) };
}

export async function keepGrant(person, grant) {
  const row = await recorder(person);
  if (grant) row.grant = { id: grant.id, expires_at: grant.expires_at, ...(await seal(person, grant.token)) };
  else delete row.grant;
  await run("people", "readwrite", (rows) => rows.put(row));
}

// --- what was scanned -----------------------------------------------------------------------------------------

export async function add(item, code) {
  const whole = { ...item, id: crypto.randomUUID(), state: "waiting", tail: code.slice(-2), ...(await seal(item.person, code)) };
  await run("items", "readwrite", (rows) => rows.add(whole));
  return whole;
}

export async function itemsOf(person) {
  const found = await read("items", (rows) => rows.index("person").getAll(person));
  return found.sort((one, other) => one.at - other.at);
}

// Changes one item if it is still there and `may` agrees; says whether it did.
function change(id, may, edit) {
  return run("items", "readwrite", (rows, keep) => {
    const asked = rows.get(id);
    asked.onsuccess = () => {
      if (!asked.result || !may(asked.result)) return keep(null);
      const edited = edit(asked.result);
      if (edited) rows.put(edited);
      else rows.delete(id);
      return keep(edited ?? asked.result);
    };
  });
}

// From here on the item is on its way: what is sent never changes, or the server would call it another one.
export const freeze = (id, moment) =>
  change(id, (item) => item.state === "waiting", (item) => ({ ...item, happened_at: item.happened_at ?? moment }));

export const settle = (id, state, reason) =>
  change(id, () => true, ({ iv, sealed, ...item }) => ({ ...item, state, reason }));

// It stays as it is, and is sent again; `reason` says what it waits for.
export const postpone = (id, reason) =>
  change(id, (item) => item.state === "waiting", (item) => ({ ...item, reason, tried: Date.now() }));

// Only what has not been sent can be taken back.
export const undo = (id) => change(id, (item) => item.state === "waiting" && !item.happened_at, () => null);

export const dismiss = (id) => change(id, (item) => item.state === "refused", () => null);

export async function forgetOld(person, now) {
  for (const item of await itemsOf(person)) {
    if (item.state === "recorded" && now - item.at > DAYS_KEPT * 86_400_000) await change(item.id, () => true, () => null);
  }
}
