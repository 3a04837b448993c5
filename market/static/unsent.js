// Cash sales that the server has not taken yet: written down on the phone first, then sent, one after another, until the
// server says that it has each. Its key makes a sale that is sent twice one sale (docs/phone.md).
"use strict";
const unsent = (() => {
  const STORE = "unsent";
  const PATIENCE = 20_000;
  const SKEWED = 60_000;
  const person = document.body.dataset.person;
  const others = self.BroadcastChannel ? new BroadcastChannel(STORE) : null;
  // Two tabs would send the same twice, to no harm but in vain; a browser without locks does.
  const alone = (work) => (navigator.locks ? navigator.locks.request(STORE, work) : work());
  const changes = new EventTarget();
  // Where the server shows what it took, by key; for the tab that typed it.
  const shown = new Map();
  let opened;
  let sending;

  function open() {
    opened ??= new Promise((done, failed) => {
      const asked = indexedDB.open("cho", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "number", autoIncrement: true });
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => failed(asked.error);
    });
    return opened;
  }

  async function store(mode, work) {
    const transaction = (await open()).transaction(STORE, mode, { durability: "strict" });
    const asked = work(transaction.objectStore(STORE));
    return new Promise((done, failed) => {
      transaction.oncomplete = () => done(asked.result);
      transaction.onabort = () => failed(transaction.error);
    });
  }

  const write = (work) => store("readwrite", work);

  // The sales of the person whose page this is, the first one first; those of others are neither shown nor sent.
  async function all() {
    const every = await store("readonly", (sales) => sales.getAll());
    return every.filter((sale) => sale.person === person);
  }

  function tell() {
    changes.dispatchEvent(new Event("change"));
    others?.postMessage("");
  }

  async function add(stall, amount) {
    const key = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    await write((sales) => sales.add({ person, stall, amount, key, at: new Date().toISOString() }));
    navigator.storage?.persist?.();
    tell();
    return key;
  }

  // Where it is known that there is no network nothing is tried, so that a sale can still be taken back.
  async function send() {
    if (sessionStorage.lost) return;
    sending ??= alone(sendAll).finally(() => (sending = null));
    await sending;
  }

  async function sendAll() {
    for (;;) {
      const sale = (await all()).find((each) => !each.refused);
      if (!sale || !(await sendOne(sale))) return;
      tell();
    }
  }

  // Whether the server said what becomes of it; else it is tried again later.
  async function sendOne(sale) {
    const { stall, amount, at, key } = sale;
    // From now on the server may have it, even if its answer is lost.
    await write((sales) => sales.put({ ...sale, tried: true }));
    const answer = await post({ stall, amount, at, key });
    if (!answer || [401, 403, 429].includes(answer.status) || answer.status > 499) return false;
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) {
      shown.set(key, said.url);
      await write((sales) => sales.delete(sale.number));
      return true;
    }
    const [problem] = said.problems ?? [];
    const skew = Date.now() - Date.parse(said.now);
    // The phone's clock is wrong, the server's is not; what was refused is in no book, so its time may be mended.
    const wrongClock = ["future", "old"].includes(problem?.kind) && Math.abs(skew) > SKEWED && !sale.mended;
    const mended = { at: new Date(Date.parse(at) - skew).toISOString(), mended: true };
    const refused = { refused: problem?.message ?? "", tried: false };
    await write((sales) => sales.put({ ...sale, ...(wrongClock ? mended : refused) }));
    return true;
  }

  async function post(body) {
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), PATIENCE);
    const headers = { "Content-Type": "application/json", "X-Cho-Entry": "1", "X-Cho-Person": person };
    try {
      return await fetch("/stall/cash/entries", { method: "POST", headers, body: JSON.stringify(body), signal: stop.signal });
    } catch {
      return null;
    } finally {
      clearTimeout(late);
    }
  }

  // Takes a sale back that the server cannot have; says whether it could.
  function drop(number) {
    return alone(async () => {
      const sale = (await all()).find((each) => each.number === number);
      if (!sale || sale.tried) return false;
      await write((sales) => sales.delete(number));
      tell();
      return true;
    });
  }

  // Sends a refused one again, now that what stood against it may be mended.
  async function again(number) {
    const sale = (await all()).find((each) => each.number === number);
    if (sale) await write((sales) => sales.put({ ...sale, refused: undefined, mended: undefined }));
    return send();
  }

  others?.addEventListener("message", () => changes.dispatchEvent(new Event("change")));
  return { all, add, send, drop, again, changes, shown };
})();
