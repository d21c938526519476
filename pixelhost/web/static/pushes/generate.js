// Passwords, made in the browser: every character by itself, and all of them equally likely.

const KINDS = {
  lower: "abcdefghijklmnopqrstuvwxyz",
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  digits: "0123456789",
  signs: "!#$%&*+-=?@",
};
const ALIKE = /[Il1O0o]/g;

// `kinds` are keys of KINDS. Empty where there is nothing to choose from.
export function password(length, kinds, { isDistinct = true } = {}) {
  const letters = kinds.map((kind) => KINDS[kind]).join("");
  const alphabet = isDistinct ? letters.replace(ALIKE, "") : letters;
  if (alphabet === "") return "";
  return Array.from({ length }, () => alphabet[below(alphabet.length)]).join("");
}

// What would make some numbers likelier than others is thrown again.
function below(limit) {
  const fair = 256 - (256 % limit);
  const byte = new Uint8Array(1);
  do crypto.getRandomValues(byte);
  while (byte[0] >= fair);
  return byte[0] % limit;
}
