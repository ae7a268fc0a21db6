// A short tone per severity, made in the browser. Muting expires by itself; a blocked sound is said aloud on screen.

import { TEXTS } from "./texts.js";

const TONES = { high: [880, 660, 880], medium: [660, 520], low: [440] };
const RANK = { high: 2, medium: 1, low: 0 };
const MUTE_MS = 10 * 60 * 1000;

export class Sound {
  #context = null;
  #mutedUntil = 0;
  #busyUntil = 0;
  #rank = 0;

  constructor(button) {
    this.button = button;
    button.addEventListener("click", () => (this.#blocked() ? this.#unlock() : this.toggle()));
    setInterval(() => this.#show(), 5000);
    this.#unlock();
  }

  toggle() {
    this.#mutedUntil = this.#mutedUntil > Date.now() ? 0 : Date.now() + MUTE_MS;
    this.#show();
  }

  // One call at a time: what comes within the same second is heard as the most severe of it.
  play(severity, why = "new") {
    if (this.#mutedUntil > Date.now() || this.#blocked()) return;
    const rank = RANK[severity] + (why === "escalate" ? 3 : 0);
    const now = this.#context.currentTime;
    if (now < this.#busyUntil && rank <= this.#rank) return;
    this.#rank = rank;
    this.#busyUntil = now + 1.0;
    const tones = why === "escalate" ? [...TONES.high, ...TONES.high] : (TONES[severity] ?? TONES.low);
    tones.forEach((hertz, at) => this.#tone(hertz, this.#context.currentTime + at * 0.16));
  }

  #tone(hertz, when) {
    const oscillator = this.#context.createOscillator();
    const gain = this.#context.createGain();
    oscillator.frequency.value = hertz;
    gain.gain.setValueAtTime(0.0001, when);
    gain.gain.exponentialRampToValueAtTime(0.12, when + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, when + 0.14);
    oscillator.connect(gain).connect(this.#context.destination);
    oscillator.start(when);
    oscillator.stop(when + 0.15);
  }

  #blocked() {
    return this.#context?.state !== "running";
  }

  async #unlock() {
    this.#context ??= new AudioContext();
    this.#context.addEventListener("statechange", () => this.#show());
    this.#context.resume().catch(() => {});
    this.#show();
  }

  #show() {
    const left = this.#mutedUntil - Date.now();
    this.button.classList.toggle("warn", this.#blocked());
    this.button.setAttribute("aria-pressed", String(left > 0));
    this.button.textContent = this.#blocked() ? TEXTS.soundBlocked : left > 0 ? TEXTS.soundOff(Math.ceil(left / 60000)) : TEXTS.soundOn;
  }
}
