// What a stall's phone keeps to work without a network: the pages that the server marks with Cho-Keep and the files they
// name, for one person and one stall at a time. docs/phone.md says what is kept, for how long, and what ends it.
"use strict";
const PAGES = "pages-";
const FILES = "files-";
const MARK = "Cho-Keep";
const KEPT_AT = "Cho-Kept-At";
const OWN = ["/stall/", "/stall/till", "/stall/sign"];
const MADE = "/stall/made";
const NO_NETWORK = "/stall/offline";
// How long a page waits for the network before the copy is shown, and a code before the phone makes it.
const PATIENCE = 1500;
const PATIENCE_TO_ASK = 5000;
const TAP = 10_000;
let tapped = 0;
// How often somebody has signed out: what was asked for before is not kept.
let era = 0;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(Promise.all([self.clients.claim(), renew().catch(() => {})])));

// A page that signs out, or that asks to sign in, says so.
self.addEventListener("message", (event) => {
  era++;
  renewing = null;
  event.waitUntil(forget());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  const reads = request.method === "GET";
  if (reads && url.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate" && reads) event.respondWith(page(event, url));
  else if (request.mode === "navigate") event.respondWith(url.pathname === "/stall/till" ? asked(event) : sent(request));
  else if (reads && url.pathname === "/stall/") event.respondWith(fresh(event, url).then(({ answer }) => answer));
});

// A page as it is now or, where the network is slow, as it was last; what says what a tap did is waited for longer.
async function page(event, url) {
  const kept = await caches.match(url.pathname);
  const asking = fresh(event, url, Boolean(kept));
  const now = asking.then(({ answer }) => answer);
  if (!kept) return now.catch(noNetwork);
  const longer = Date.now() - tapped < TAP || url.searchParams.has("cash");
  const first = await Promise.race([now.catch(() => null), pause(longer ? PATIENCE_TO_ASK : PATIENCE)]);
  if (first) return first;
  const found = asking.then(({ keeping }) => keeping).then(() => true, () => false);
  event.waitUntil(found.then((found) => tell(event.resultingClientId, found)));
  const html = await kept.text();
  return new Response(html.replace("<html ", `<html data-kept="${kept.headers.get(KEPT_AT)}" `), { headers: kept.headers });
}

// What the server says now. Its copy is kept where it is marked; whoever may not see a page any more keeps none.
async function fresh(event, url, kept) {
  const then = era;
  const answer = await fetch(event.request);
  if (kept && answer.status > 501) throw new TypeError(`the server is away: ${answer.status}`);
  const mark = answer.headers.get(MARK);
  let keeping;
  if (answer.ok && mark) keeping = keep(mark, url.pathname, answer.clone(), then);
  else if (OWN.includes(url.pathname) && isRefused(answer)) keeping = forget();
  event.waitUntil(keeping);
  return { answer, keeping };
}

const isRefused = (answer) => answer.type === "opaqueredirect" || answer.redirected || [401, 403, 404].includes(answer.status);
const noNetwork = () => caches.match(NO_NETWORK).then((found) => found ?? Response.error());

// The till's question for a code, answered on the phone where nobody else does.
async function asked(event) {
  const form = await event.request.clone().formData();
  const answer = await Promise.race([fetch(event.request).catch(() => null), pause(PATIENCE_TO_ASK)]);
  if (answer && answer.status <= 501) return answer;
  return Response.redirect(`${MADE}?amount=${String(form.get("amount")).replace(/\D/g, "")}`, 303);
}

// What else is sent by a form. The page that follows shows what it did, so it is waited for.
function sent(request) {
  tapped = Date.now();
  return fetch(request).catch(noNetwork);
}

async function file(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  const name = (await caches.keys()).find((each) => each.startsWith(FILES));
  if (name && answer.status === 200) await (await caches.open(name)).put(request, answer.clone());
  return answer;
}

async function keep(mark, path, answer, then) {
  if (await caches.has(PAGES + mark)) return put(mark, [[path, await answer.text()]], answer.headers, then);
  // Another person, another stall or another version: nothing of the former one is shown again.
  await forget();
  return renew().catch(() => {});
}

let renewing;
function renew() {
  renewing ??= fetchAll(era).finally(() => (renewing = null));
  return renewing;
}

async function fetchAll(then) {
  // The first page has left its styles, so that they are not loaded a second time.
  const left = await caches.match("/stall/styles");
  const answer = await fetch(`/stall/kept?styles=${left?.headers.get("Cho-Version") ?? ""}`);
  const mark = answer.headers.get(MARK);
  if (answer.status > 499) throw new TypeError(`the server is away: ${answer.status}`);
  if (!answer.ok || !mark) return forget();
  const { shared, pages } = await answer.json();
  const styles = shared ?? (await left.json());
  const whole = (html) => html.replace(/<!--(\d)-->/g, (_, number) => styles[number]);
  await put(mark, Object.entries(pages).map(([path, html]) => [path, whole(html)]), answer.headers, then);
  return forget(mark);
}

async function put(mark, pages, headers, then) {
  const own = new Headers(headers);
  own.set("Content-Type", "text/html; charset=utf-8");
  own.set(KEPT_AT, String(Date.now()));
  for (const name of ["Content-Encoding", "Content-Length", "Vary"]) own.delete(name);
  const files = await caches.open(FILES + mark.split("-")[0]);
  for (const [, html] of pages)
    for (const [, name] of html.matchAll(/(?:href|src)="(\/static\/[^"#]+)/g))
      if (!(await files.match(name, { ignoreVary: true }))) await once(files, name);
  // Whoever asked for them has signed out meanwhile.
  if (era !== then) return;
  const kept = await caches.open(PAGES + mark);
  await Promise.all(pages.map(([path, html]) => kept.put(path, new Response(html, { headers: own }))));
}

// Two pages that are kept at the same moment name the same files.
const adding = new Map();
function once(files, name) {
  if (!adding.has(name)) adding.set(name, add(files, name).finally(() => adding.delete(name)));
  return adding.get(name);
}

// A page has just loaded most of them.
async function add(files, name) {
  const answer = await fetch(name, { cache: "force-cache" });
  if (answer.status !== 200) throw new TypeError(`${name}: ${answer.status}`);
  await files.put(name, answer);
}

// Forgets all pages but those of this mark, and the files of other versions.
async function forget(mark) {
  const names = await caches.keys();
  const past = names.filter((name) =>
    name.startsWith(FILES) ? mark && name !== FILES + mark.split("-")[0] : name.startsWith(PAGES) && name !== PAGES + mark,
  );
  await Promise.all(past.map((name) => caches.delete(name)));
}

async function tell(id, found) {
  (await self.clients.get(id))?.postMessage({ found });
}

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds, null));
}
