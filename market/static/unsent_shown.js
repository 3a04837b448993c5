// How many sales wait to be sent, on every page; which, on Today; and the till's "Tiền mặt", which writes them down here.
"use strict";
{
  const RETRY = 20_000;
  const SOON = 2500;
  const CASH = "/stall/cash";
  const money = (amount) => String(amount).replace(/\B(?=(\d{3})+$)/g, ".") + "\u00a0đ";
  const time = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Ho_Chi_Minh", hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Ho_Chi_Minh", day: "numeric", month: "numeric" });
  const clock = (moment) => time.format(moment) + (day.format(moment) === day.format() ? "" : ` ${day.format(moment)}`);

  async function show() {
    const sales = await unsent.all();
    const refused = sales.filter((sale) => sale.refused !== undefined).length;
    // A payment may fill the screen, and a code take the till's place (screens.js).
    const strip = document.getElementById("unsent");
    if (strip) {
      strip.hidden = !sales.length;
      strip.classList.toggle("refused", refused > 0);
      strip.querySelector("[data-count]").textContent = sales.length;
    }
    const list = document.getElementById("waiting");
    const now = JSON.stringify(sales);
    // Drawn anew, a row that was opened would close.
    if (!list || list.dataset.sales === now) return;
    list.dataset.sales = now;
    list.hidden = !sales.length;
    list.querySelector("[data-count]").textContent = sales.length;
    list.querySelector("ol").replaceChildren(...sales.reverse().map(row));
  }

  function row(sale) {
    const made = document.getElementById("waiting-row").content.cloneNode(true);
    const isRefused = sale.refused !== undefined;
    const put = (name, text) => (made.querySelector(`[data-${name}]`).textContent = text);
    put("time", clock(new Date(sale.at)));
    put("amount", money(sale.amount));
    if (isRefused) put("why", sale.refused);
    made.querySelector("details").open = isRefused;
    made.querySelector("[data-waits]").hidden = isRefused;
    made.querySelector("[data-refused]").hidden = !isRefused;
    const [drop, again] = made.querySelectorAll("button");
    drop.hidden = Boolean(sale.tried);
    again.hidden = !isRefused;
    drop.addEventListener("click", () => unsent.drop(sale.number));
    again.addEventListener("click", () => unsent.again(sale.number));
    return made;
  }

  // The sale is safe on the phone before anything is sent; the server's answer is waited for only as long as it is soon.
  async function take(form, button, amount) {
    const stall = Number(form.elements.stall.value);
    button.disabled = true;
    let key;
    try {
      key = await unsent.add(stall, amount);
    } catch {
      // A browser that stores nothing sends the form as it is.
      form.action = CASH;
      return form.submit();
    }
    await Promise.race([unsent.send(), new Promise((done) => setTimeout(done, navigator.onLine ? SOON : 0))]);
    if (unsent.shown.get(key)) return location.assign(unsent.shown.get(key));
    const waits = (await unsent.all()).find((sale) => sale.key === key);
    if (waits?.refused !== undefined) return location.assign("/stall/#waiting");
    if (waits) sessionStorage.said = amount;
    if (form.id !== "till") return location.assign("/stall/till");
    form.reset();
    say();
  }

  function say() {
    const till = document.getElementById("till");
    if (!till || !sessionStorage.said) return;
    const said = document.getElementById("said-here").content.cloneNode(true);
    said.querySelector("[data-amount]").textContent = money(sessionStorage.said);
    delete sessionStorage.said;
    document.getElementById("said")?.remove();
    till.before(said);
  }

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || (button.getAttribute("formaction") ?? event.target.getAttribute("action")) !== CASH) return;
    const amount = Number(event.target.elements.amount.value.replace(/\D/g, ""));
    if (amount < 500 || amount > 499_999_999) return;
    event.preventDefault();
    take(event.target, button, amount);
  });

  const send = () => unsent.send().then(show, () => {});
  unsent.changes.addEventListener("change", show);
  addEventListener("turned", show);
  for (const name of ["online", "found"]) addEventListener(name, send);
  document.addEventListener("visibilitychange", () => document.hidden || send());
  setInterval(send, RETRY);
  // Today puts what is new in the place of what is there, the list with it.
  const main = document.getElementById("main");
  if (document.getElementById("waiting")) new MutationObserver(() => show()).observe(main, { childList: true });
  say();
  show().then(send, () => {});
}
