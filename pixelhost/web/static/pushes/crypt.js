// End-to-end encryption: what a browser pushes so that only whoever has the whole link can read it.
//
// Told in /docs/end-to-end too. The secret of a push is 32 random bytes, which stand behind the # of its link (base64url, 43 characters) and are never
// sent to a server. From it HKDF-SHA256 (RFC 5869) makes a key for each purpose, and everything is AES-256-GCM:
//
// The payload: {"v":1,"n":nonce,"c":ciphertext}, both in base64; 12 random bytes are the nonce; the key is that of no
// salt and the info "pixelhost push text". Of a push of files the text is itself JSON:
// {"text":"...","files":{"1":{"name":"...","type":"...","size":...}}}, by the names under which they are pushed.
//
// A file: 16 random bytes, the salt of its key (info "pixelhost push file"); then chunks of 1 MiB, each with its tag of 16
// bytes. The nonce is the number of the chunk in 11 bytes, big-endian, and a byte that is 1 for the last one (STREAM:
// Hoang, Reyhanitabar, Rogaway, Vizár 2015; age-encryption.org/v1), so that none can be cut off, swapped or repeated.

export const CHUNK = 1 << 20;
const TAG = 16;
const SALT = 16;
const encoder = new TextEncoder();

// Browsers have it over HTTPS, and on the machine itself.
export const isPossible = globalThis.crypto?.subtle !== undefined;

export function newSecret() {
  return crypto.getRandomValues(new Uint8Array(32));
}

export async function sealText(secret, text) {
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const key = await derived(secret, new Uint8Array(), "text", "encrypt");
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, key, encoder.encode(text));
  return JSON.stringify({ v: 1, n: base64(nonce), c: base64(new Uint8Array(sealed)) });
}

// Throws where it isn't what this secret has sealed.
export async function openText(secret, payload) {
  const { v, n, c } = JSON.parse(payload);
  if (v !== 1) throw new Error("unknown version");
  const key = await derived(secret, new Uint8Array(), "text", "decrypt");
  const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(n) }, key, bytes(c));
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(opened);
}

// A Blob. The pieces are blobs too, which a browser keeps on disk when they are many.
export async function sealFile(secret, file, progressed) {
  const salt = crypto.getRandomValues(new Uint8Array(SALT));
  const key = await derived(secret, salt, "file", "encrypt");
  const parts = [salt];
  const count = Math.max(1, Math.ceil(file.size / CHUNK));
  for (let number = 0; number < count; number += 1) {
    const plain = await file.slice(number * CHUNK, (number + 1) * CHUNK).arrayBuffer();
    const iv = nonceOf(number, number === count - 1);
    parts.push(new Blob([await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain)]));
    progressed?.(Math.min((number + 1) * CHUNK, file.size));
  }
  return new Blob(parts);
}

// A Blob of what a response holds. Throws where a byte isn't what this secret has sealed, or one is missing.
export async function openFile(secret, response, type, progressed) {
  const reader = new Pieces(response.body.getReader());
  const key = await derived(secret, await reader.take(SALT), "file", "decrypt");
  const parts = [];
  let size = 0;
  for (let number = 0; ; number += 1) {
    const sealed = await reader.take(CHUNK + TAG);
    const isLast = await reader.isAtEnd();
    const iv = nonceOf(number, isLast);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed);
    parts.push(new Blob([plain]));
    size += plain.byteLength;
    progressed?.(size);
    if (isLast) return new Blob(parts, { type });
  }
}

export function written(secret) {
  return base64(secret).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// The secret that an address has behind its #, or undefined.
export function secretOf(hash) {
  const text = hash.replace(/^#/, "");
  return /^[A-Za-z0-9_-]{43}$/.test(text) ? bytes(text.replaceAll("-", "+").replaceAll("_", "/")) : undefined;
}

// The choice of a language leads back to this page, whose address has to be the same then.
export function keepSecret() {
  for (const form of document.querySelectorAll(".foot form")) form.action += location.hash;
}

// A stream in pieces of the sizes that are asked for; only the last may be shorter.
class Pieces {
  #reader;
  #held = [];
  #size = 0;
  #isOver = false;

  constructor(reader) {
    this.#reader = reader;
  }

  async take(count) {
    await this.#fill(count);
    const taken = new Uint8Array(Math.min(count, this.#size));
    let at = 0;
    while (at < taken.length) {
      const [first] = this.#held;
      const part = first.subarray(0, taken.length - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === first.length) this.#held.shift();
      else this.#held[0] = first.subarray(part.length);
    }
    this.#size -= taken.length;
    return taken;
  }

  async isAtEnd() {
    await this.#fill(1);
    return this.#size === 0;
  }

  async #fill(count) {
    while (this.#size < count && !this.#isOver) {
      const { done, value } = await this.#reader.read();
      this.#isOver = done;
      if (done) return;
      this.#held.push(value);
      this.#size += value.length;
    }
  }
}

async function derived(secret, salt, purpose, use) {
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const way = { name: "HKDF", hash: "SHA-256", salt, info: encoder.encode(`pixelhost push ${purpose}`) };
  return crypto.subtle.deriveKey(way, material, { name: "AES-GCM", length: 256 }, false, [use]);
}

function nonceOf(number, isLast) {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(7, number);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

// A piece at a time: a call takes only so many arguments.
function base64(data) {
  let text = "";
  for (let at = 0; at < data.length; at += 0x8000) text += String.fromCharCode(...data.subarray(at, at + 0x8000));
  return btoa(text);
}

function bytes(text) {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
