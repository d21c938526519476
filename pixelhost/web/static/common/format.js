// Sizes, speeds, times and counts as the pages show them.

import { n } from "./strings.js";

const { lang } = document.documentElement;
const UNITS = ["kB", "MB", "GB", "TB", "PB", "EB"];
// The day comes first, as the server writes it.
const DAY = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const MOMENT = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });
const CONTROLS_OF_DIRECTION = /[\u202a-\u202e\u2066-\u2069]/g;

// Three digits and a decimal unit, as the plans count: 5.69 MB.
export function size(bytes) {
  if (Math.abs(bytes) < 1000) return n(bytes, "{count} byte", "{count} bytes");
  let value = bytes;
  let unit;
  for (unit of UNITS) {
    value /= 1000;
    if (Math.abs(value) < 999.5) break;
  }
  const digits = Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
  return `${value.toLocaleString(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
}

export function number(count) {
  return count.toLocaleString(lang);
}

export function speed(bytesPerSecond) {
  return `${size(Math.round(bytesPerSecond))}/s`;
}

// 0:07, 12:34, 1:02:03
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

export function day(time) {
  return DAY.format(new Date(time));
}

export function moment(time) {
  return MOMENT.format(new Date(time));
}

// A name as it is shown: controls of direction are visible, so that it reads in the order of its characters.
export function honest(name) {
  return name.replace(CONTROLS_OF_DIRECTION, "\ufffd");
}
