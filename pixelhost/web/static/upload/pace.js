// How fast bytes go out, over the last seconds.

const WINDOW_MS = 8000;
const STEP_MS = 200;

export class Pace {
  #total = 0;
  #samples = [];

  moved(bytes, now = performance.now()) {
    this.#total += bytes;
    if (now - (this.#samples.at(-1)?.at ?? -Infinity) < STEP_MS) return;
    this.#samples.push({ at: now, total: this.#total });
    while (now - this.#samples[0].at > WINDOW_MS) this.#samples.shift();
  }

  reset() {
    this.#samples = [];
  }

  // Bytes a second; 0 until something can be said.
  speed(now = performance.now()) {
    const [first] = this.#samples;
    return first && now - first.at >= STEP_MS ? ((this.#total - first.total) * 1000) / (now - first.at) : 0;
  }
}
