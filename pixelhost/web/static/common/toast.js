// A line at the bottom of the screen for what was done or went wrong, read out by screen readers.

import { h } from "./dom.js";

const SHOWN_MS = 6000;
const region = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
document.body.append(region);

export function toast(text) {
  const shown = h("p", { class: "toast" }, text);
  region.append(shown);
  setTimeout(() => shown.remove(), SHOWN_MS);
  // Behind an open dialog nobody would see it.
  const open = document.querySelector("dialog[open]");
  (open ?? document.body).append(region);
}
