// What whoever walks hears and feels: two rising tones for a tick, four when all is done. Made at a click, so no browser
// blocks it.

const TONES = { reached: [660, 990], whole: [660, 880, 990, 1320] };

export class Tone {
  constructor() {
    this.context = new AudioContext();
    this.context.resume().catch(() => {});
  }

  play(what) {
    navigator.vibrate?.(what === "whole" ? [120, 60, 120] : 80);
    TONES[what].forEach((hertz, at) => {
      const [oscillator, gain] = [this.context.createOscillator(), this.context.createGain()];
      const begin = this.context.currentTime + at * 0.13;
      oscillator.frequency.value = hertz;
      gain.gain.setValueAtTime(0.0001, begin);
      gain.gain.exponentialRampToValueAtTime(0.25, begin + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, begin + 0.12);
      oscillator.connect(gain).connect(this.context.destination);
      oscillator.start(begin);
      oscillator.stop(begin + 0.13);
    });
  }
}
