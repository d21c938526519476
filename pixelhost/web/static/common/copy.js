// Buttons with data-copy put its text on the clipboard. They are hidden until this has run.

import { t } from "./strings.js";

const SHOWN_MS = 1600;

enable(document);

// Those that come later, as in a dialog.
export function enable(root) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => answer(button, copy(button.dataset.copy)));
  }
}

async function answer(button, copied) {
  const label = button.firstElementChild;
  button.dataset.label ??= label.textContent;
  label.textContent = (await copied) ? t("Copied") : t("Not copied");
  clearTimeout(button.timer);
  button.timer = setTimeout(() => (label.textContent = button.dataset.label), SHOWN_MS);
}

// Whether it could be put on the clipboard.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Browsers have no clipboard object on plain HTTP, where many a home server is.
function copyBySelection(text) {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.className = "offscreen";
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return isCopied;
}
