// A code with an amount that the phone makes itself. Nothing here says that it was paid: only the bank's word does.
"use strict";
{
  const code = document.getElementById("main");
  const amount = Number(new URLSearchParams(location.search).get("amount"));
  // The quiet zone and the drawing are those of qr/image.py.
  const QUIET = 4;

  const draw = (rows) => {
    const side = rows.length + 2 * QUIET;
    const runs = rows.map((row, top) =>
      [...row.join("").matchAll(/1+/g)].map((run) => `M${run.index + QUIET} ${top + QUIET}.5h${run[0].length}`).join(""),
    );
    const made = (name, attributes) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      return element;
    };
    const picture = made("svg", { viewBox: `0 0 ${side} ${side}`, "shape-rendering": "crispEdges" });
    picture.append(made("path", { fill: "#fff", d: `M0 0h${side}v${side}H0z` }), made("path", { stroke: "#000", d: runs.join("") }));
    return picture;
  };

  if (!Number.isInteger(amount) || amount < 1000 || amount > 499_999_999) location.replace("/stall/till");
  else if (code.dataset.account) {
    const said = `${grouped(amount)}\u00a0đ`;
    const picture = document.getElementById("picture");
    const shown = document.getElementById("shown");
    picture.append(draw(symbol(payload({ ...code.dataset, amount }))));
    picture.setAttribute("aria-label", picture.getAttribute("aria-label").replace("{amount}", said));
    shown.textContent = said;
    shown.classList.add(`f${said.length}`);
    if (document.documentElement.lang === "vi") document.getElementById("words").textContent = words(amount);
    document.getElementById("asked").value = amount;
    // What answers it is its amount, told from now on (watch.js).
    Object.assign(code.dataset, { amount, since: Date.now() });
    document.getElementById("edit").search = `?amount=${amount}`;
  }
}
