// Ticks every stall of the page at once; without script each has its own box.
"use strict";
const every = document.getElementById("every");
if (every) {
  const boxes = [...document.querySelectorAll("#chosen [name=stall]")];
  const all = every.querySelector("input");
  every.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
  });
  document.getElementById("chosen").addEventListener("change", () => {
    all.checked = boxes.every((box) => box.checked);
  });
}
