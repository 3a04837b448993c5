// The till's keys and banknotes; without it the page is a field and a button.
"use strict";
const form = document.getElementById("till");
const LONGEST = 9;
let terms = [];
let typed = "";

const total = () => terms.reduce((sum, term) => sum + term, Number(typed));

function show() {
  const amount = total();
  const said = grouped(amount) + "\u00a0đ";
  const shown = document.getElementById("shown");
  shown.textContent = said;
  shown.className = `figure big live-only f${said.length}`;
  const line = typed && terms.length ? [...terms, Number(typed)] : terms;
  document.getElementById("terms").textContent = line.length > 1 ? line.map(grouped).join(" + ") : "";
  document.getElementById("words").textContent = amount && document.documentElement.lang === "vi" ? words(amount) : "";
  form.elements.amount.value = amount || "";
  document.getElementById("go").disabled = amount < 1000;
  document.getElementById("cash").disabled = amount < 500;
  if (amount) document.getElementById("said")?.classList.add("past");
}

function add() {
  if (Number(typed)) terms.push(Number(typed));
  typed = "";
}

function press(key) {
  if (key === "plus") add();
  else if (key === "erase") typed ? (typed = typed.slice(0, -1)) : terms.pop();
  else if ((typed + key).length <= LONGEST) typed = String(Number(typed + key) || "");
  show();
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button[type=button]");
  if (!button) return;
  if (button.dataset.note) {
    add();
    if (String(total() + Number(button.dataset.note)).length <= LONGEST) terms.push(Number(button.dataset.note));
    show();
  } else press(button.dataset.key);
});

function clear() {
  terms = [];
  typed = "";
  show();
}

form.addEventListener("reset", clear);

// Holding ⌫ clears all.
const erase = form.querySelector("[data-key=erase]");
let held;
erase.addEventListener("pointerdown", () => {
  held = setTimeout(clear, 600);
});
for (const end of ["pointerup", "pointerleave", "pointercancel"]) erase.addEventListener(end, () => clearTimeout(held));

// A keyboard works as the keys do.
document.addEventListener("keydown", (event) => {
  if (!form.isConnected || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^\d$/.test(event.key)) press(event.key);
  else if (event.key === "Backspace") press("erase");
  else if (event.key === "+") press("plus");
  else if (event.key === "Enter" && !event.target.closest("a,button")) document.getElementById("go").click();
  else return;
  event.preventDefault();
});

for (const part of form.querySelectorAll(".live-only")) part.hidden = false;
form.classList.add("live");
form.elements.amount.type = "hidden";
form.querySelector("label").hidden = true;
typed = form.elements.amount.value.replace(/\D/g, "").slice(0, LONGEST);
show();
// Each opening of the till is another sale, also where the page is a copy that the phone kept.
form.elements.key.value = Array.from(crypto.getRandomValues(new Uint8Array(12)), (each) => each.toString(16).padStart(2, "0")).join("");
