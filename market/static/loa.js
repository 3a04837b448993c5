// The sound box: its switch, its test, and what came in while it could not be heard.
"use strict";
{
  const { hear, voice } = window;
  // A payment may fill the screen while these are changed.
  const summary = document.getElementById("missed");
  const text = document.getElementById("missed-said");
  let missed = [];

  // No sum that anybody could take for money.
  const test = () => hear.repeat(false, 0);
  document.getElementById("loa-on").addEventListener("click", () => voice.turn(true).then(test));
  document.getElementById("loa-test").addEventListener("click", test);
  document.getElementById("loa-off").addEventListener("click", () => voice.turn(false));
  document.getElementById("missed-seen").addEventListener("click", () => {
    missed = [];
    summary.hidden = true;
  });

  const clock = (at) => new Date(at).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });
  document.addEventListener("missed", (event) => {
    missed.push(...event.detail);
    const [first, newest] = [missed[0].told, missed.at(-1).told].map(clock);
    const said = missed.length === 1 ? text.dataset.one : text.dataset.many;
    text.textContent = said.replace("{count}", missed.length).replace("{first}", first).replace("{last}", newest);
    summary.hidden = false;
  });
}
