// Asks what came in after the place in the book that the page knows. The pages say the same without it, later.
"use strict";
window.watch = (() => {
  // A shopper stands there; a stall listens; nothing has come for a while; there is no network.
  const WAITING = 2000;
  const SOON = 3000;
  const QUIET = 8000;
  const LATE = 30000;
  const QUIET_AFTER = 15 * 60000;
  const PATIENCE = 15000;
  const FULL = 50;
  const { hear, screens, voice } = window;
  let page = null;
  let stall = null;
  let after = null;
  let timer = 0;
  let asking = false;
  let failed = 0;
  let stale = false;
  let answered = false;
  let stirred = 0;
  let until = NaN;

  // A page that nobody sees or hears does not ask.
  const wanted = () =>
    voice.state() === "off" ? !document.hidden && ["reference", "renew", "screens"].some((name) => name in page.dataset) : true;

  function begin() {
    page = document.getElementById("main");
    answered = false;
    clearTimeout(timer);
    if (!page?.dataset.after) return;
    if (page.dataset.stall !== stall) {
      stall = page.dataset.stall;
      after = hear.from(stall, page.dataset.after);
    }
    if (page.dataset.reference || "screens" in page.dataset) voice.load();
    until = Date.now() + page.dataset.late * 1000;
    stirred = Date.now();
    next(pace());
  }

  function pace() {
    if (page.dataset.reference && !answered) return WAITING;
    return Date.now() - stirred < QUIET_AFTER ? SOON : QUIET;
  }

  // Not all phones of a market at the same moment.
  function next(pause) {
    clearTimeout(timer);
    timer = setTimeout(look, pause * (0.8 + Math.random() * 0.4));
  }

  async function look() {
    if (Date.now() > until) end();
    if (!page?.dataset.after || asking || !wanted()) return;
    asking = true;
    let pause = 0;
    try {
      if ((await ask()) < FULL) pause = pace();
      if (stale) await renew();
      // offline.js says that there is no network, and since when; it looks itself whether there is one again.
      if (failed) dispatchEvent(new Event("online"));
      failed = 0;
    } catch (error) {
      if (error instanceof TypeError || error.name === "AbortError") dispatchEvent(new Event("offline"));
      failed += 1;
      pause = Math.min(WAITING * 1.6 ** failed, LATE);
    }
    voice.lost = failed > 0;
    asking = false;
    next(pause);
  }

  // A code says that its time is over without a reload, which would silence the voice and needs the network.
  function end() {
    until = NaN;
    const over = page.querySelector("template");
    if (over) page.querySelector(".hold").replaceChildren(over.content);
    else location.reload();
  }

  async function got(address) {
    const late = new AbortController();
    const timeout = setTimeout(() => late.abort(), PATIENCE);
    const answer = await fetch(address, { signal: late.signal });
    const text = await answer.text();
    clearTimeout(timeout);
    return [answer, text];
  }

  // Gives how many were told.
  async function ask() {
    const [answer, text] = await got(`/stall/payments?stall=${stall}&after=${encodeURIComponent(after)}`);
    if (answer.ok && !text) return 0;
    if (answer.status === 404 && after !== page.dataset.after) {
      // A place that somebody else's sign-in left on this phone.
      hear.forget(stall);
      after = hear.from(stall, page.dataset.after);
      return 0;
    }
    if (answer.status === 401 || answer.status === 404) return location.reload();
    if (!answer.ok) throw new Error(answer.status);
    const told = JSON.parse(text);
    after = told.next;
    stirred = Date.now();
    take(told);
    return told.payments.length;
  }

  function take(told) {
    const answer = page.dataset.reference && !answered ? answerAmong(told.payments) : undefined;
    if (answer && page.dataset.done) return location.replace(page.dataset.done);
    if (answer && !answer.screen) return location.replace(answer.url);
    const left = hear.take(stall, told, { answer, show: (payment) => shown(payment, answer) });
    const others = told.payments.filter((payment) => payment !== answer);
    if (page.dataset.reference && others.length) document.getElementById("other")?.replaceChildren(others.at(-1).said);
    if (left.length) document.dispatchEvent(new CustomEvent("missed", { detail: left }));
    stale ||= "renew" in page.dataset;
  }

  // A bank may lose the code's reference on the way: the same amount without one, told since, is shown as received, too.
  function answerAmong(payments) {
    const { reference, amount, since } = page.dataset;
    const alike = (payment) => !payment.reference && payment.amount === Number(amount) && payment.told >= Number(since);
    return payments.find((payment) => payment.reference === reference) || payments.find(alike);
  }

  // A sound box shows each payment; a code the one that answers it, and what comes behind it.
  function shown(payment, answer) {
    if ("screens" in page.dataset) return screens.show(payment, screens.toList);
    if (payment !== answer && !answered) return null;
    if (answered === "short") return null;
    answered = payment.short ? "short" : "whole";
    history.replaceState(null, "", payment.url);
    return screens.show(payment, screens.toDay);
  }

  async function renew() {
    const [answer, text] = await got(location.href);
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const part = page.dataset.renew || "main";
    const mine = part === "main" ? page : page.querySelector(`#${part}`);
    const open = [...mine.querySelectorAll("details[open][id]")].map((each) => each.id);
    const notes = [...mine.querySelectorAll(".note.ok")].map((note) => [note, [...mine.children].indexOf(note)]);
    const at = document.activeElement;
    mine.replaceChildren(...fresh.getElementById(part).childNodes);
    // What the last tap did is told once; the keyboard stays where it was.
    for (const [note, place] of notes) mine.insertBefore(note, mine.children[place]);
    for (const id of open) mine.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    const mark = (each) => each.getAttribute("href") || each.closest("[id]")?.id;
    const same = [...mine.querySelectorAll("a,summary")].find((each) => mark(each) === mark(at));
    (at.isConnected ? at : same)?.focus({ preventScroll: true });
    stale = false;
    voice.show();
  }

  const now = () => {
    stirred = Date.now();
    if (!document.hidden) look();
  };
  document.addEventListener("visibilitychange", now);
  addEventListener("pageshow", (event) => event.persisted && now());
  for (const change of ["online", "found"]) addEventListener(change, now);
  // What could not be said for want of a tap is asked for anew: it may have grown old.
  document.addEventListener("loa", () => {
    if (hear.halted && voice.state() === "on") after = hear.from(stall, after);
    if (page) look();
  });
  return { begin };
})();
