// Copies the account number; where the browser will not, it marks the number to be copied by hand.
"use strict";
const button = document.getElementById("copy");
const account = document.getElementById("account");
button.hidden = false;
button.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(account.textContent);
    button.querySelector("span").textContent = button.dataset.done;
  } catch {
    getSelection().selectAllChildren(account);
  }
});
