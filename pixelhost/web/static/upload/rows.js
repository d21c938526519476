// The rows of the queue: one for each file, with what can be done about it.

import { h } from "../common/dom.js";
import { duration, honest, size } from "../common/format.js";
import { t } from "../common/strings.js";
import { isPending } from "./queue.js";
import { copyButton, pageOf, qrButton } from "./links.js";

const THUMBNAIL = 64;

// `actions` has cancel, retry, remove and select, each called with an item.
export class Rows {
  #rows = new Map();
  #list;
  #actions;

  constructor(list, actions) {
    this.#list = list;
    this.#actions = actions;
  }

  add(items) {
    const made = items.map((item) => {
      const row = new Row(item, this.#actions);
      this.#rows.set(item, row);
      return row.element;
    });
    this.#list.append(...made);
  }

  remove(items) {
    for (const item of items) {
      this.#rows.get(item).element.remove();
      this.#rows.delete(item);
    }
  }

  turned(item) {
    this.#rows.get(item)?.turned();
  }

  // Only what changes all the time.
  moved(item) {
    this.#rows.get(item)?.moved();
  }
}

class Row {
  constructor(item, actions) {
    const name = honest(item.path);
    this.item = item;
    this.actions = actions;
    this.said = h("p", { class: "row-said" });
    this.progress = h("progress", { max: Math.max(item.size, 1), value: 0, "aria-label": name });
    this.before = h("div", { class: "row-before" });
    this.buttons = h("div", { class: "row-buttons" });
    this.element = h(
      "li",
      { class: "row" },
      this.before,
      h("div", { class: "row-what" }, h("p", { class: "row-name" }, h("bdi", {}, name)), this.said, this.progress),
      this.buttons,
    );
    this.turned();
  }

  turned() {
    const { item, element, buttons } = this;
    const hadFocus = buttons.contains(document.activeElement);
    element.dataset.state = item.state;
    this.progress.hidden = item.state !== "sending";
    if (item.state === "done") this.#arrived();
    buttons.replaceChildren(...this.#buttons());
    if (hadFocus) buttons.querySelector("button")?.focus();
    this.moved();
  }

  moved() {
    if (this.item.state === "done") return;
    this.said.textContent = said(this.item);
    this.progress.value = this.item.sent;
  }

  #arrived() {
    const { item } = this;
    const name = honest(item.path);
    const url = pageOf(item.id);
    const tick = h("input", {
      type: "checkbox",
      checked: item.isSelected,
      "aria-label": t("Select {name}", { name }),
      onchange: () => this.actions.select(item, tick.checked),
    });
    const src = `/api/file/${item.id}/thumbnail?width=${THUMBNAIL}&height=${THUMBNAIL}`;
    this.before.replaceChildren(tick, h("img", { src, width: 40, height: 40, alt: "", loading: "lazy" }));
    this.said.replaceChildren(
      h("a", { href: url, target: "_blank", rel: "noopener", "aria-label": t("Open {name}", { name }) }, url),
      ` ${size(item.size)}`,
    );
    item.show = () => (tick.checked = item.isSelected);
  }

  #buttons() {
    const { item, actions } = this;
    const name = honest(item.path);
    const button = (label, action) => {
      const said = { class: "button small", "aria-label": `${label}: ${name}` };
      return h("button", { type: "button", ...said, onclick: () => action(item) }, label);
    };
    if (item.state === "done") return [copyButton(pageOf(item.id), name), qrButton(pageOf(item.id), name)];
    if (isPending(item.state)) return [button(t("Cancel"), actions.cancel)];
    const remove = button(t("Remove"), actions.remove);
    return item.isHopeless ? [remove] : [button(t("Try again"), actions.retry), remove];
  }
}

function said(item) {
  const whole = size(item.size);
  switch (item.state) {
    case "waiting":
      return t("{size}, waiting", { size: whole });
    case "sending":
      return item.sent < item.size
        ? t("{sent} of {size}", { sent: size(item.sent), size: whole })
        : t("{size}, being stored", { size: whole });
    case "resting": {
      const time = duration(Math.max(0, item.restsUntil - Date.now()) / 1000);
      return t("{problem}. Trying again in {time}", { problem: item.problem, time });
    }
    case "canceled":
      return t("{size}, canceled", { size: whole });
    default:
      return item.problem;
  }
}
