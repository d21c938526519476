// What is chosen among the entries: by ticking, with shift from one to another, all at once.

import { find } from "../common/dom.js";
import { size } from "../common/format.js";
import { n } from "../common/strings.js";
import { isDirectory } from "./nodes.js";

export class Chosen {
  names = new Set();
  #listing;
  #anchor;
  #form = find("#entries");
  #all = find("#all");
  #count = find("#chosen-count");
  #clear = find("#clear");

  constructor(listing) {
    this.#listing = listing;
    this.#all.hidden = false;
    this.#clear.hidden = false;
    this.#all.addEventListener("change", () => (this.#all.checked ? this.all() : this.none()));
    this.#clear.addEventListener("click", () => {
      this.none();
      listing.focus();
    });
    find("#nodes").addEventListener("click", (event) => this.#ticked(event));
  }

  get nodes() {
    return this.#listing.nodes.filter(({ name }) => this.names.has(name));
  }

  has({ name }) {
    return this.names.has(name);
  }

  all() {
    for (const { name } of this.#listing.nodes) this.names.add(name);
    this.show();
  }

  none() {
    this.names.clear();
    this.show();
  }

  turn(at) {
    const { name } = this.#listing.nodes[at];
    if (!this.names.delete(name)) this.names.add(name);
    this.#anchor = at;
    this.show();
  }

  // From where the last choice was made.
  until(at) {
    const from = this.#anchor ?? at;
    for (let one = Math.min(from, at); one <= Math.max(from, at); one += 1) this.names.add(this.#listing.nodes[one].name);
    this.#anchor ??= at;
    this.show();
  }

  // After entries went or came.
  keepExisting() {
    const there = new Set(this.#listing.nodes.map(({ name }) => name));
    for (const name of this.names) if (!there.has(name)) this.names.delete(name);
    this.#anchor = undefined;
    this.show();
  }

  show() {
    for (const [at, element] of this.#listing.shown) {
      element.firstElementChild.checked = this.names.has(this.#listing.nodes[at].name);
    }
    const count = this.names.size;
    this.#form.classList.toggle("has-chosen", count > 0);
    this.#all.checked = count > 0 && count === this.#listing.nodes.length;
    this.#all.indeterminate = count > 0 && !this.#all.checked;
    for (const button of this.#form.querySelectorAll("button[value=rename]")) button.hidden = count !== 1;
    if (count > 0) this.#count.textContent = this.#described(count);
  }

  #described(count) {
    const bytes = this.nodes.reduce((sum, node) => sum + node.file_size, 0);
    const said = n(count, "{count} chosen", "{count} chosen");
    return this.nodes.every(isDirectory) ? said : `${said}, ${size(bytes)}`;
  }

  // A click on a row with ctrl chooses it too, and on a checkbox or row with shift all from the last one on.
  #ticked(event) {
    const element = event.target.closest(".node");
    if (!element || event.target.closest(".node-more")) return;
    const at = Number(element.dataset.at);
    const isBox = event.target.matches("input");
    if (event.shiftKey) {
      if (!isBox) event.preventDefault();
      this.until(at);
    } else if (isBox || event.ctrlKey || event.metaKey) {
      if (!isBox) event.preventDefault();
      this.turn(at);
    }
  }
}
