// Searches the number that, after the salt, has the challenge as its SHA-256 (FIPS 180-4). The browser's own function is
// no help: it is there over https only, and slower for so little at a time.

const STEP = 20_000;

const K = new Uint32Array(64);
const START = new Uint32Array(8);
for (let count = 0, candidate = 2; count < 64; candidate += 1) {
  if (isPrime(candidate)) {
    if (count < 8) START[count] = fraction(candidate ** (1 / 2));
    K[count] = fraction(candidate ** (1 / 3));
    count += 1;
  }
}

self.addEventListener("message", ({ data: { challenge, salt, maxnumber } }) => {
  const wanted = words(challenge);
  const encoder = new TextEncoder();
  for (let number = 0; number <= maxnumber; number += 1) {
    if (isSame(sha256(encoder.encode(salt + number)), wanted)) {
      self.postMessage({ number });
      return;
    }
    if (number % STEP === 0) self.postMessage({ done: number / maxnumber });
  }
  self.postMessage({ failed: true });
});

function isPrime(number) {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false;
  return true;
}

// The first 32 bits of the fraction.
function fraction(root) {
  return Math.floor((root - Math.floor(root)) * 2 ** 32);
}

function words(hexadecimal) {
  return Uint32Array.from(hexadecimal.match(/.{8}/g) ?? [], (word) => Number.parseInt(word, 16));
}

function isSame(some, others) {
  return some.length === others.length && some.every((word, index) => word === others[index]);
}

function sha256(bytes) {
  const length = (bytes.length + 9 + 63) & ~63;
  const padded = new Uint8Array(length);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(length - 4, bytes.length * 8);
  const state = START.slice();
  for (let offset = 0; offset < length; offset += 64) mix(state, view, offset);
  return state;
}

const w = new Uint32Array(64);

function mix(state, view, offset) {
  for (let i = 0; i < 16; i += 1) w[i] = view.getUint32(offset + i * 4);
  for (let i = 16; i < 64; i += 1) {
    const a = w[i - 15];
    const b = w[i - 2];
    const s0 = (rotated(a, 7) ^ rotated(a, 18) ^ (a >>> 3)) >>> 0;
    const s1 = (rotated(b, 17) ^ rotated(b, 19) ^ (b >>> 10)) >>> 0;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const one = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
    const two = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] += word;
}

function rotated(word, bits) {
  return (word >>> bits) | (word << (32 - bits));
}
