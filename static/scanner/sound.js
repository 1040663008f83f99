// Three beeps made by the browser itself: good, again, bad. They differ in pitch and number, for ears without eyes.
const TONES = { ok: [[880, 0.09]], wait: [[520, 0.09], [520, 0.09]], no: [[190, 0.3]] };
let context;

export function wake() {
  context ??= "AudioContext" in window ? new AudioContext() : null;
  context?.resume().catch(() => {});
}

export function beep(kind) {
  if (context?.state !== "running") return;
  let at = context.currentTime;
  for (const [pitch, length] of TONES[kind]) {
    const tone = context.createOscillator(), loudness = context.createGain();
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0.25, at);
    loudness.gain.exponentialRampToValueAtTime(0.001, at + length);
    tone.connect(loudness).connect(context.destination);
    tone.start(at);
    tone.stop(at + length);
    at += length + 0.05;
  }
}
