// Till, code and "Đã nhận" follow each other within one document, so that a voice which a tap let loose stays loose.
"use strict";
window.screens = (() => {
  // How long a code is waited for before the phone makes it, as in sw.js.
  const PATIENCE_TO_ASK = 5000;
  const STAYS = 8000;
  const STAYS_SHORT = 30000;
  let below = null;
  let leaving = 0;
  let leave = null;
  let seen = null;
  let lock = null;

  const parsed = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const each of page.querySelectorAll("noscript")) each.remove();
    return page;
  };

  function fill(nodes, look, title) {
    document.body.className = look;
    document.body.replaceChildren(...nodes);
    document.title = title;
    window.voice.show();
    scrollTo(0, 0);
  }

  // Fills the screen with a payment; `done` is what follows. Gives a promise of its being closed.
  function show(payment, done) {
    clearTimeout(leaving);
    seen?.();
    const { title: name, activeElement: focused } = document;
    below ??= { nodes: [...document.body.childNodes], look: document.body.className, name, focused };
    const page = parsed(payment.screen);
    const unsent = document.getElementById("unsent");
    const [title, look] = [page.querySelector("h1").textContent, payment.short ? "short" : "got"];
    fill([...page.body.childNodes], `phone ${look}`, title);
    document.body.prepend(unsent);
    document.querySelector("h1").focus();
    leave = done;
    const stays = payment.short ? done.short : STAYS;
    if (stays) leaving = setTimeout(close, stays);
    return new Promise((now) => {
      seen = now;
    });
  }

  function close() {
    clearTimeout(leaving);
    leave.then();
    seen();
  }

  // What was there before the payment.
  function back() {
    fill(below.nodes, below.look, below.name);
    below.focused.focus();
    below = leave = null;
  }

  // How a payment is left: a sound box goes back to its list; a till goes on to the day, once what is short was seen.
  const toList = { then: back, short: STAYS_SHORT };
  const toDay = { then: () => location.replace("/stall/"), short: 0 };

  document.addEventListener("click", (event) => {
    const page = document.getElementById("main");
    if (event.target.closest("[data-again]")) window.hear.repeat("short" in page.dataset, Number(page.dataset.amount));
    if (leave && event.target.closest("[data-done]")) {
      event.preventDefault();
      close();
    }
  });

  // A form that leads to a code: the code takes this page's place, and its voice. Where nobody answers, the phone makes
  // it (made.js); what else goes wrong is sent once more as any form, and the server's page says what.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || !("turn" in form.dataset) || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    if (form.dataset.turn) return;
    form.dataset.turn = "on its way";
    const late = new AbortController();
    const timeout = setTimeout(() => late.abort(), PATIENCE_TO_ASK);
    const body = new URLSearchParams(new FormData(form));
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: late.signal });
      const text = await answer.text();
      if (answer.ok && answer.redirected) turn(answer.url, parsed(text));
      else if (answer.status > 501) throw new TypeError(answer.status);
      else form.submit();
    } catch {
      if (navigator.serviceWorker?.controller) location.assign(`/stall/made?amount=${body.get("amount").replace(/\D/g, "")}`);
      else form.submit();
    }
    clearTimeout(timeout);
  });

  function turn(address, page) {
    history.pushState(null, "", address);
    clearTimeout(leaving);
    below = leave = null;
    delete document.documentElement.dataset.kept;
    fill([...page.body.childNodes], page.body.className, page.title);
    dispatchEvent(new Event("turned"));
    document.querySelector("h1").focus();
    begin();
  }
  addEventListener("popstate", () => location.reload());

  // A code waits for a shopper's phone, and a sound box for its customers: the screen does not go dark over them.
  async function stayAwake() {
    if (document.hidden || lock || !document.querySelector("[data-awake]")) return;
    try {
      lock = await navigator.wakeLock?.request("screen");
      lock?.addEventListener("release", () => {
        lock = null;
      });
    } catch {}
  }
  document.addEventListener("visibilitychange", stayAwake);

  function begin() {
    stayAwake();
    window.voice.show();
    window.watch.begin();
    const { place, stall, news, amount } = document.getElementById("main").dataset;
    if (place === undefined) return;
    // The page of a payment itself: reached by a reload, or by a code that was paid while the phone slept.
    const short = "short" in document.getElementById("main").dataset;
    if (news !== undefined) window.hear.speak(stall, { place, short, amount: Number(amount) });
    if (!short) setTimeout(toDay.then, STAYS);
  }

  addEventListener("DOMContentLoaded", begin);
  return { show, toList, toDay };
})();
