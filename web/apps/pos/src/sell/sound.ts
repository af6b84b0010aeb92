/** Two sounds that a cashier knows without looking: added, and not added. */
import { afterFrame } from "../ui/later";

const TONES: Readonly<Record<"added" | "error", readonly { hertz: number; seconds: number }[]>> = {
  added: [{ hertz: 1320, seconds: 0.06 }],
  error: [
    { hertz: 330, seconds: 0.14 },
    { hertz: 220, seconds: 0.2 },
  ],
};
const VOLUME = 0.12;

let context: AudioContext | null = null;

export function signal(kind: "added" | "error"): void {
  // Not in every environment, and a till without a loudspeaker still sells.
  if (typeof AudioContext === "undefined") return;
  // After the frame with what it stands for: a slow tablet takes a while to make a tone.
  afterFrame(() => {
    play(kind);
  });
}

function play(kind: "added" | "error"): void {
  context ??= new AudioContext();
  let at = context.currentTime;
  for (const { hertz, seconds } of TONES[kind]) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(VOLUME, at);
    // Cut off hard, a tone ends with a click.
    volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds;
  }
}
