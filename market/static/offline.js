// Says since when there is no network and how old the page is; has the pages kept that open without one (sw.js).
"use strict";
{
  const root = document.documentElement;
  const RETRY = 5000;
  let asking = false;

  const VIETNAM = { timeZone: "Asia/Ho_Chi_Minh" };
  const TIME = new Intl.DateTimeFormat("en-GB", { ...VIETNAM, hour: "2-digit", minute: "2-digit" });
  const DAY = new Intl.DateTimeFormat("en-GB", { ...VIETNAM, day: "numeric", month: "numeric" });
  const isToday = (moment) => DAY.format(moment) === DAY.format();
  const clock = (moment) => TIME.format(moment) + (isToday(moment) ? "" : ` ${DAY.format(moment)}`);

  function say() {
    const since = Number(sessionStorage.lost ?? 0);
    const asOf = Number(root.dataset.kept ?? since);
    root.classList.toggle("old", asOf > 0);
    root.classList.toggle("lost", since > 0);
    root.classList.toggle("past-day", asOf > 0 && !isToday(asOf));
    const banner = document.getElementById("offline");
    if (banner) banner.hidden = !since;
    for (const place of document.querySelectorAll("[data-lost]")) place.textContent = since ? clock(since) : "";
    for (const place of document.querySelectorAll("[data-as-of]")) place.textContent = asOf ? clock(asOf) : "";
  }

  function lost() {
    sessionStorage.lost ??= Date.now();
    say();
    ask();
  }

  // Browsers take any Wi-Fi for a network: only an answer of our server is one.
  async function ask() {
    if (asking) return;
    asking = true;
    while (sessionStorage.lost) {
      try {
        await fetch("/healthz", { cache: "no-store" });
        delete sessionStorage.lost;
      } catch {
        await new Promise((done) => {
          setTimeout(done, RETRY);
          addEventListener("online", done, { once: true });
        });
      }
    }
    asking = false;
    if (root.dataset.kept) await renew(() => fetch(location.href)).catch(lost);
    say();
    dispatchEvent(new Event("found"));
  }

  // The page as it is now in the place of its kept copy, but for an amount that is being typed or asked for.
  async function renew(get) {
    const main = document.getElementById("main");
    const answer = await get();
    if (!document.querySelector("#till,#made")) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
      if (!answer.ok || answer.redirected || !fresh) return location.reload();
      main.replaceChildren(...fresh.children);
    }
    delete root.dataset.kept;
    say();
  }

  addEventListener("offline", lost);
  addEventListener("online", ask);
  // Another page took this one's place without a load (screens.js).
  addEventListener("turned", say);
  navigator.serviceWorker?.addEventListener("message", ({ data }) => {
    if (!data.found) lost();
    else if (root.dataset.kept) renew(() => caches.match(location.pathname)).catch(() => {});
  });
  addEventListener("load", async () => {
    if (!navigator.serviceWorker) return;
    if (!navigator.serviceWorker.controller) {
      const styles = JSON.stringify([...document.querySelectorAll("style")].slice(0, 2).map((style) => style.outerHTML));
      const headers = { "Cho-Version": document.body.dataset.version };
      await (await caches.open("styles")).put("/stall/styles", new Response(styles, { headers }));
    }
    navigator.serviceWorker.register("/stall/sw.js");
  });

  // On a shared phone the next one is not to see what is kept here.
  document.addEventListener("submit", async (event) => {
    if (event.target.getAttribute("action") !== "/signout" || !self.caches) return;
    event.preventDefault();
    if (typeof unsent === "object") await Promise.race([unsent.send(), new Promise((done) => setTimeout(done, RETRY))]).catch(() => {});
    navigator.serviceWorker?.controller?.postMessage("signed out");
    for (const name of await caches.keys()) if (name.startsWith("pages-")) await caches.delete(name);
    event.target.submit();
  });

  if (root.dataset.kept) {
    // What a tap did before the copy was made is no news, and an amount in the address is not in the copy.
    for (const told of document.querySelectorAll("main .note.ok")) told.remove();
    const amount = new URLSearchParams(location.search).get("amount");
    const field = document.getElementById("amount");
    if (amount && field) field.value = amount;
  }
  if (root.dataset.kept && !navigator.onLine) lost();
  else if (sessionStorage.lost) lost();
  else say();
}
