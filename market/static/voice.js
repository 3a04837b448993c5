// The phone's voice: a chime and the whole amount, from clips (docs/voice.md); two low tones where it is too little.
"use strict";
window.voice = (() => {
  // Every word that is said and its file, without the .mp3.
  const CLIPS = {
    "không": "0", "một": "1", "hai": "2", "ba": "3", "bốn": "4", "năm": "5", "sáu": "6", "bảy": "7", "tám": "8", "chín": "9",
    "mười": "10", "mươi": "muoi", "mốt": "mot", "lăm": "lam", "linh": "linh", "trăm": "tram", "nghìn": "nghin",
    "triệu": "trieu", "tỷ": "ty", "đồng": "dong", "đã nhận": "da-nhan", "thiếu tiền": "thieu-tien",
  };
  const version = document.currentScript.dataset.clips;
  const QUIET = 0.012;
  const loaded = new Map();
  let context = null;
  let lost = false;
  let last = "";

  const off = () => kept("cho.loa") === "off";
  const state = () => (off() ? "off" : context?.state === "running" ? "on" : "blocked");

  // What a browser without storage forgets at once is no reason to be silent.
  function kept(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  }

  // Shows of each [data-loa] the one that holds: on, off, blocked until a tap, or lost (on, but without a network).
  function show() {
    const now = state() === "on" && lost ? "lost" : state();
    for (const each of document.querySelectorAll("[data-loa]")) each.hidden = !each.dataset.loa.split(" ").includes(now);
    if (state() === last) return;
    last = state();
    if (last === "on") setTimeout(load, 4000);
    document.dispatchEvent(new Event("loa"));
  }

  function open() {
    if (off() || context) return;
    context = new (window.AudioContext || window.webkitAudioContext)();
    context.onstatechange = show;
    // An iPhone that is set to silent still says what came in.
    if (navigator.audioSession) navigator.audioSession.type = "playback";
  }

  // A browser lets a page speak once somebody has touched it; any touch will do.
  async function unlock() {
    if (off()) return;
    open();
    if (context.state !== "running") await context.resume();
    show();
  }
  for (const touch of ["click", "keydown"]) {
    document.addEventListener(touch, () => state() === "blocked" && unlock(), { capture: true });
  }

  function turn(on) {
    try {
      localStorage.setItem("cho.loa", on ? "on" : "off");
    } catch {}
    if (!on) context?.suspend();
    show();
    return on ? unlock() : null;
  }

  // Who records a clip leaves a breath before and behind the word; it is left out.
  function cut(buffer) {
    const samples = buffer.getChannelData(0);
    let [from, to] = [0, samples.length];
    while (from < to && Math.abs(samples[from]) < QUIET) from += 1;
    while (to > from && Math.abs(samples[to - 1]) < QUIET) to -= 1;
    return { buffer, from: from / buffer.sampleRate, length: (to - from) / buffer.sampleRate };
  }

  async function fetched(word) {
    const answer = await fetch(`/static/voice/${CLIPS[word]}.mp3?v=${version}`);
    if (!answer.ok) throw new Error(answer.status);
    const bytes = await answer.arrayBuffer();
    return cut(await new Promise((done, failed) => context.decodeAudioData(bytes, done, failed)));
  }

  function clip(word) {
    if (!loaded.has(word)) {
      const coming = fetched(word);
      coming.catch(() => loaded.delete(word));
      loaded.set(word, coming);
    }
    return loaded.get(word);
  }

  function load() {
    if (state() === "on") for (const word of Object.keys(CLIPS)) clip(word).catch(() => {});
  }

  const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
  const within = (seconds, coming) => Promise.race([coming, wait(seconds).then(() => Promise.reject(new Error("late")))]);

  // Two notes; gives when they end. A phone's speaker has no lower ones.
  function ring(short) {
    const begin = context.currentTime + 0.02;
    const long = short ? 0.32 : 0.18;
    (short ? [330, 262] : [880, 1319]).forEach((pitch, place) => {
      const [note, volume] = [context.createOscillator(), context.createGain()];
      const at = begin + place * long;
      note.type = short ? "square" : "sine";
      note.frequency.value = pitch;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(short ? 0.25 : 0.6, at + 0.01);
      volume.gain.exponentialRampToValueAtTime(0.001, at + long + 0.1);
      note.connect(volume).connect(context.destination);
      note.start(at);
      note.stop(at + long + 0.12);
    });
    return begin + 2 * long + 0.08;
  }

  // Says what came in, and is done when it is said. A sum that lacks a word is another sum: it is said whole or not at all.
  async function say(short, amount) {
    if (navigator.userActivation?.hasBeenActive ?? true) navigator.vibrate?.(short ? [400, 150, 400, 150, 400] : 200);
    if (state() !== "on") return;
    const words = short ? ["thiếu tiền"] : ["đã nhận", ...amountWords(amount), "đồng"];
    const coming = within(3, Promise.all(words.map(clip)));
    const rung = ring(short);
    const parts = await coming.catch(() => []);
    let at = Math.max(rung, context.currentTime + 0.02);
    for (const part of parts) {
      const source = context.createBufferSource();
      source.buffer = part.buffer;
      source.connect(context.destination);
      source.start(at, part.from, part.length);
      at += part.length + 0.02;
    }
    await wait(at - context.currentTime);
  }

  open();
  return {
    state, show, unlock, turn, load, say,
    set lost(now) {
      lost = now;
      show();
    },
  };
})();
