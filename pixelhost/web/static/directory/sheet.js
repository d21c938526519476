// Forms and views about nodes as dialogs. They are pages of their own, of which a dialog shows the [data-sheet]: what a
// form sends is answered with such a page again, until the answer is that of a directory: then it is done.

import { enable } from "../common/copy.js";
import { h } from "../common/dom.js";
import { t } from "../common/strings.js";
import { toast } from "../common/toast.js";
import { watch } from "./figures.js";

// No answer at all: what was typed is worth sending again.
class Unreachable extends Error {}

// Resolves when the dialog was closed: with the page that came in the end, and whether anything was sent.
export async function open(address, options) {
  const first = await load(address, options);
  const sheet = first.page.querySelector("[data-sheet]");
  if (!sheet) {
    location.assign(first.address);
    return { isChanged: false };
  }
  return new Sheet(sheet).result;
}

// Sends what needs no form unless something is wrong with it. Whether it is done at once; if not, the form was shown.
export async function act(address, options) {
  const { page } = await load(address, options);
  const sheet = page.querySelector("[data-sheet]");
  if (sheet) await new Sheet(sheet).result;
  return !sheet;
}

class Sheet {
  #dialog;
  #answer = { isChanged: false };
  #unwatch = () => {};

  constructor(sheet) {
    const close = h("button", { type: "button", class: "button quiet small sheet-close", "aria-label": t("Close"), onclick: () => this.#dialog.close() }, "✕");
    this.#dialog = h("dialog", { class: "sheet-dialog", "aria-labelledby": "sheet-heading" }, sheet, close);
    document.body.append(this.#dialog);
    this.#dialog.addEventListener("submit", (event) => this.#sent(event));
    this.#dialog.addEventListener("click", (event) => this.#clicked(event));
    this.#dialog.showModal();
    this.#prepare();
    this.result = new Promise((resolve) => {
      this.#dialog.addEventListener("close", () => {
        this.#unwatch();
        this.#dialog.remove();
        resolve(this.#answer);
      });
    });
  }

  #prepare() {
    enable(this.#dialog);
    this.#unwatch();
    this.#unwatch = watch(this.#dialog);
    const wrong = this.#dialog.querySelector("[aria-invalid=true], [autofocus]");
    wrong?.focus();
    if (wrong?.matches("input[type=text]")) selectStem(wrong);
  }

  #clicked(event) {
    if (event.target === this.#dialog && isOutside(this.#dialog, event)) return this.#dialog.close();
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if ("close" in link.dataset) {
      event.preventDefault();
      this.#dialog.close();
    } else if (link.closest(".tabs") || "sheetLink" in link.dataset) {
      event.preventDefault();
      this.#go(link.href);
    }
  }

  async #sent(event) {
    const form = event.target;
    event.preventDefault();
    const sent = new URLSearchParams(new FormData(form, event.submitter));
    if (form.method === "get") {
      this.#go(`${form.getAttribute("action")}?${sent}`);
      return;
    }
    this.#answer.isChanged = sent.has("action");
    await this.#go(form.getAttribute("action"), { method: "POST", body: sent });
  }

  async #go(address, options) {
    const buttons = this.#dialog.querySelectorAll(":is(button.primary, button.danger):enabled");
    this.#dialog.setAttribute("aria-busy", "true");
    for (const button of buttons) button.disabled = true;
    let answer;
    try {
      answer = await load(address, options);
    } catch (error) {
      // What is said in a dialog goes with it.
      if (!(error instanceof Unreachable)) this.#dialog.close();
      toast(error.message);
      return;
    } finally {
      this.#dialog.removeAttribute("aria-busy");
      for (const button of buttons) button.disabled = false;
    }
    this.#show(answer);
  }

  #show({ page, address: arrived }) {
    const sheet = page.querySelector("[data-sheet]");
    const said = page.querySelector(".done")?.textContent;
    if (!sheet) {
      this.#answer = { ...this.#answer, page, address: arrived };
      this.#dialog.close();
    } else {
      this.#dialog.querySelector("[data-sheet]").replaceWith(sheet);
      this.#prepare();
      if (!sheet.contains(document.activeElement)) focusOn(sheet.querySelector("[aria-current]") ?? sheet.querySelector("h1"));
    }
    if (said) toast(said.trim());
  }
}

async function load(address, options = {}) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Unreachable(t("The server could not be reached. Check the connection"));
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const sheet = page.querySelector("[data-sheet]");
  if (sheet) document.adoptNode(sheet);
  // A refusal is a page without a form.
  if (!response.ok && !sheet) throw new Error(page.querySelector("main p:not(.status)")?.textContent ?? t("Something went wrong"));
  return { page: sheet ? wrapped(sheet, page) : page, address: response.url };
}

// An adopted element is out of its page.
function wrapped(sheet, page) {
  const holder = document.createElement("div");
  const done = page.querySelector(".done");
  holder.append(...[done, sheet].filter(Boolean));
  return holder;
}

// What was pressed is gone: the keyboard goes on where this is.
function focusOn(element) {
  if (!element.matches("a, button")) element.tabIndex = -1;
  element.focus();
}

// The name without its extension.
function selectStem(field) {
  const dot = field.value.lastIndexOf(".");
  field.setSelectionRange(0, dot > 0 ? dot : field.value.length);
}

function isOutside(dialog, { clientX, clientY }) {
  const box = dialog.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}
