// A secret text: blurred until it is asked for, and again after a while, so that nobody reads it over a shoulder. It can be
// copied without being shown.

import { copy } from "../common/copy.js";
import { find, h } from "../common/dom.js";
import { t } from "../common/strings.js";
import { toast } from "../common/toast.js";

const SHOWN_MS = 20_000;

const details = find("#secret");
if (details) {
  const label = details.querySelector("summary").textContent;
  details.replaceWith(...revealed(details.querySelector("pre").textContent, label));
}

// Elements to show a text with. `label` is what the button says.
export function revealed(text, label) {
  const pre = h("pre", { tabindex: "0", "aria-label": t("The secret") }, text);
  const cover = h("button", { type: "button", class: "reveal-cover" }, h("span", { class: "button primary" }, label));
  const box = h("div", { class: "revealed" }, pre, cover);
  const again = h("button", { type: "button", class: "button" }, t("Hide"));
  let timer;
  const hide = () => {
    clearTimeout(timer);
    const hadFocus = document.activeElement === pre || document.activeElement === again;
    box.classList.add("is-hidden");
    pre.inert = true;
    pre.scrollTop = 0;
    again.disabled = true;
    if (hadFocus) cover.focus();
  };
  const show = () => {
    box.classList.remove("is-hidden");
    pre.inert = false;
    again.disabled = false;
    pre.focus({ preventScroll: true });
    timer = setTimeout(hide, SHOWN_MS);
  };
  cover.addEventListener("click", show);
  again.addEventListener("click", hide);
  hide();
  return [box, h("p", { class: "actions" }, copying(text), again)];
}

function copying(text) {
  const act = async () => toast((await copy(text)) ? t("Copied") : t("Not copied"));
  return h("button", { type: "button", class: "button primary", onclick: act }, t("Copy"));
}
