// Asks what came in after the place in the book that the page knows, and shows it. The pages say the same without it, later.
"use strict";
const page = document.getElementById("main");
const SOON = 3000;
const LATE = 30000;
let after = page.dataset.after;
let pause = SOON;

async function look() {
  try {
    const answer = await fetch(`/stall/payments?stall=${page.dataset.stall}&after=${after}`);
    if (answer.status === 401 || answer.status === 404) return location.reload();
    if (!answer.ok) throw new Error(answer.status);
    const told = await answer.json();
    if (pause > SOON) dispatchEvent(new Event("online"));
    pause = SOON;
    if (told.next !== after) {
      after = told.next;
      if (page.dataset.reference) answered(told.payments);
      else await renew();
    }
  } catch {
    // offline.js says so, and since when.
    dispatchEvent(new Event("offline"));
    pause = Math.min(pause * 1.5, LATE);
  }
  setTimeout(look, pause);
}

// A bank may lose the code's reference on the way: the same amount without one is shown as received, too.
function answered(payments) {
  const { reference, amount } = page.dataset;
  const own = payments.find((p) => p.reference === reference);
  const alike = payments.find((p) => !p.reference && p.amount === Number(amount));
  const found = own || alike;
  if (found) location.replace(page.dataset.done || found.url);
  else if (payments.length) document.getElementById("other").textContent = payments.at(-1).said;
}

async function renew() {
  const answer = await fetch(location.href);
  if (!answer.ok) throw new Error(answer.status);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = [...page.querySelectorAll("details[open][id]")].map((each) => each.id);
  page.replaceChildren(...fresh.getElementById("main").children);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
}

if (page.dataset.after) setTimeout(look, SOON);
if (page.dataset.late) setTimeout(() => location.reload(), page.dataset.late * 1000);
if (page.dataset.close) setTimeout(() => location.replace(page.dataset.close), 8000);
