// Dialogs: the browser's own element, which keeps the focus in, closes with Escape and gives the focus back: to the button
// of a menu, where they were opened from its inside, which is closed by then.

import { h } from "./dom.js";
import { t } from "./strings.js";

let dialogs = 0;

// Shows a dialog, and resolves with its return value: "" when it was dismissed. `content` are elements.
export function show(title, content, { actions = [closing(t("Close"))], wide = false } = {}) {
  const id = `dialog-${++dialogs}`;
  const dialog = h(
    "dialog",
    { "aria-labelledby": id, class: wide ? "wide-dialog" : undefined },
    h("form", { method: "dialog" }, h("h2", { id }, title), ...content, h("div", { class: "actions" }, ...actions)),
  );
  return new Promise((resolve) => {
    open(dialog, () => resolve(dialog.returnValue));
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && isOutside(dialog, event)) dialog.close();
    });
  });
}

// An element of its own making; `closed` is called when it is gone.
export function open(dialog, closed = () => {}) {
  leaveMenu(document.activeElement);
  document.body.append(dialog);
  dialog.showModal();
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed();
  });
}

// For what is done by an element in a menu: the menu closes, and its button has the focus.
export function leaveMenu(element) {
  const menu = element?.closest("details.menu[open]");
  if (!menu) return;
  menu.querySelector("summary").focus();
  menu.open = false;
}

// A button that closes the dialog with `value`.
export function closing(label, value = "", attributes = {}) {
  return h("button", { class: "button", value, ...(value ? {} : { formnovalidate: true }), ...attributes }, label);
}

export async function confirm(title, text, { action = t("OK"), isDangerous = false } = {}) {
  const actions = [
    closing(t("Cancel")),
    closing(action, "yes", { class: isDangerous ? "button danger" : "button primary" }),
  ];
  return (await show(title, [h("p", {}, text)], { actions })) === "yes";
}

// A line of text, or undefined when the dialog was dismissed. `attributes` are those of the field.
export async function ask(title, label, { value = "", action = t("Save"), ...attributes } = {}) {
  const field = h("input", { type: "text", id: "dialog-value", value, required: true, autocomplete: "off", ...attributes });
  const actions = [closing(t("Cancel")), closing(action, "yes", { class: "button primary" })];
  const shown = show(title, [h("div", { class: "field" }, h("label", { for: "dialog-value" }, label), field)], { actions });
  field.focus();
  field.select();
  // Enter presses the first button of a form, which would be the one to cancel.
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    actions[1].click();
  });
  return (await shown) === "yes" ? field.value : undefined;
}

function isOutside(dialog, { clientX, clientY }) {
  const box = dialog.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}
