// Links with data-form lead to the page of a form. Here the form comes in a dialog; it is sent as it would be there, and
// what is wrong with it is told there.

import { leaveMenu, open as openDialog } from "../common/dialog.js";
import { h } from "../common/dom.js";

let dialogs = 0;

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-form], a[data-close]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  const dialog = link.closest("dialog");
  if (link.matches("[data-close]") && !dialog) return;
  event.preventDefault();
  leaveMenu(link);
  dialog?.close();
  if (link.matches("[data-form]")) open(link.href);
});

async function open(address) {
  const form = await fetched(address).catch(() => null);
  if (!form) {
    location.assign(address);
    return;
  }
  const id = `form-${++dialogs}`;
  const old = form.querySelector("h1");
  old.replaceWith(h("h2", { id }, old.textContent));
  openDialog(h("dialog", { "aria-labelledby": id }, form));
}

// The form of a page; nothing where the page is another one, like that to log in.
async function fetched(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const form = page.querySelector("main form");
  return form && document.adoptNode(form);
}
