// What the bank told is said in order, one voice at a time on this phone, and nothing twice, whatever is open or reloaded.
"use strict";
window.hear = (() => {
  // More at once, or older (the server says which is news), stands on the screen: old money is not shouted.
  const MOST = 5;
  const REMEMBERED = 60;
  const SEEN = 4000;
  const { voice } = window;
  const without = {};
  const queue = [];
  let running = false;
  let halted = false;

  // How far this phone has got with a stall today: the place to ask from, and the last places that were said.
  function heard(stall) {
    const day = new Date().toDateString();
    let found = without[stall];
    try {
      found = JSON.parse(localStorage.getItem(`cho.heard.${stall}`));
    } catch {}
    return found?.day === day ? found : { day, next: null, said: [] };
  }

  function keep(stall, change) {
    const now = (without[stall] = { ...heard(stall), ...change });
    try {
      localStorage.setItem(`cho.heard.${stall}`, JSON.stringify(now));
    } catch {}
  }

  // Where to ask from: where the voice has got to, or from now on where it says nothing yet.
  function from(stall, after) {
    halted = false;
    const { next } = heard(stall);
    if (next && voice.state() !== "off") return next;
    keep(stall, { next: after });
    return after;
  }

  const forget = (stall) => keep(stall, { next: null });
  const alone = (act) => (navigator.locks ? navigator.locks.request("cho loa", act) : act());
  const pause = (time) => new Promise((done) => setTimeout(done, time));

  function speak(stall, payment) {
    return alone(async () => {
      // What could not be said waits for the tap that lets the page speak.
      if (voice.state() === "blocked") {
        halted = true;
        return;
      }
      const { said } = heard(stall);
      if (said.includes(payment.place)) return;
      // Remembered first: half a sentence twice would be two payments to a listener.
      keep(stall, { said: [...said, payment.place].slice(-REMEMBERED) });
      await voice.say(payment.short, payment.amount);
    });
  }

  // Shown and said at the same moment; the next one waits for both.
  async function one({ stall, payment, show, next }) {
    if (payment) {
      const seen = show(payment);
      await Promise.all([speak(stall, payment), seen && Promise.race([seen, pause(SEEN)])]);
    } else if (!halted) keep(stall, { next });
  }

  async function run() {
    if (running) return;
    running = true;
    while (queue.length) await one(queue.shift()).catch(console.error);
    running = false;
  }

  // Takes what a poll told. `answer` is shown whoever said it; gives what is left to the screen.
  function take(stall, { payments, next }, { answer, show }) {
    const { said } = heard(stall);
    const unsaid = payments.filter((payment) => !said.includes(payment.place));
    const news = unsaid.filter((payment) => payment.screen).slice(-MOST);
    for (const payment of payments) {
      if (news.includes(payment) || (payment === answer && payment.screen)) queue.push({ stall, payment, show });
    }
    queue.push({ stall, next });
    run();
    return unsaid.filter((payment) => !news.includes(payment));
  }

  let again = false;
  async function repeat(short, amount) {
    if (again) return;
    again = true;
    await voice.unlock();
    await alone(() => voice.say(short, amount));
    again = false;
  }

  return {
    from, forget, take, speak, repeat,
    get halted() {
      return halted;
    },
  };
})();
