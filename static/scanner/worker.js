// Keeps the scanner's page and scripts on the phone, so that they open without network. Nothing else is kept: what the
// page asks and sends (names, records, codes) never passes through here. VERSION and FILES stand above, by the server.
const CACHE = `scanner-${VERSION}`;
const PAGE = "/scanner/";
const PATIENCE = 3000;

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate" && path === PAGE) event.respondWith(page(event.request));
  else if (FILES.includes(path)) event.respondWith(file(event.request, path));
});

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll([PAGE, ...FILES].map((path) => new Request(path, { cache: "reload" })));
  await self.skipWaiting();
}

async function tidy() {
  for (const name of await caches.keys()) if (name.startsWith("scanner-") && name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}

// The newest page where the network answers soon, for its language may have changed; else the kept one.
async function page(request) {
  const cache = await caches.open(CACHE);
  const asked = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(PAGE, answer.clone());
    return answer.ok ? answer : Promise.reject(answer.status);
  });
  const late = new Promise((_, reject) => { setTimeout(reject, PATIENCE); });
  return Promise.race([asked, late]).catch(async () => (await cache.match(PAGE)) ?? asked);
}

async function file(request, path) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}
