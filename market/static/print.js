// Prints the page by a button of its own; without script the browser's menu does.
"use strict";
const button = document.getElementById("print");
button.hidden = false;
button.addEventListener("click", () => print());
