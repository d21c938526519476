// The page of a directory: its entries, and everything that can be done with them.

import { embedded, find, findAll } from "../common/dom.js";
import { size } from "../common/format.js";
import { n, t } from "../common/strings.js";
import { toast } from "../common/toast.js";
import { Chosen } from "./chosen.js";
import { dragging } from "./drag.js";
import { keys } from "./keys.js";
import { entries, ordered, pageOf, pickOf, PREFIX } from "./nodes.js";
import { row } from "./rows.js";
import { searching } from "./search.js";
import { open } from "./sheet.js";
import { uploading } from "./uploads.js";
import { Windowed } from "./windowed.js";

const COOKIE_SECONDS = 365 * 24 * 3600;

class Listing {
  nodes = [];
  current = 0;
  #list = find("#nodes");
  #sort;
  #view;

  constructor(told) {
    // Rows that the server wrote have no numbers.
    const focused = document.activeElement?.closest("#nodes .node");
    if (focused) this.current = [...this.#list.children].indexOf(focused);
    this.path = told.path[told.base_index].path;
    this.rights = told.permissions;
    const sorted = find("[data-sort][aria-current]");
    this.#sort = `${sorted.dataset.way === "down" ? "-" : ""}${sorted.dataset.sort}`;
    this.#view = find("[data-view][aria-current]").dataset.view;
    this.windowed = new Windowed(this.#list, (at) => this.#row(at));
    this.chosen = new Chosen(this);
  }

  get shown() {
    return this.windowed.shown;
  }

  pathOf({ name }) {
    return `${this.path}/${name}`;
  }

  // Takes the place of what the server wrote, which has been there since the page came.
  take(children) {
    this.nodes = children;
    find("#pager")?.remove();
    this.#tell();
    this.#draw();
  }

  async refresh() {
    const told = await entries(this.path);
    this.rights = told.permissions;
    this.take(ordered(told.children, this.#sort));
    this.chosen.keepExisting();
  }

  sort(key) {
    const [downwards, is] = [`-${key}`, this.#sort];
    if (is === key || is === downwards) this.#sort = is === key ? downwards : key;
    else this.#sort = key === "size" || key === "modified" ? downwards : key;
    for (const link of findAll("[data-sort]")) markSorted(link, this.#sort);
    this.nodes = ordered(this.nodes, this.#sort);
    this.#remember();
    this.#draw();
  }

  view(view) {
    this.#view = view;
    for (const link of findAll("[data-view]")) setCurrent(link, link.dataset.view === view);
    this.#list.className = `nodes view-${view}`;
    find("#entries").classList.toggle("view-is-rows", view !== "gallery");
    this.#remember();
    this.#draw();
  }

  // Of the entry that the keyboard is at.
  focus(at = this.current) {
    if (this.nodes.length === 0) {
      find("#main").focus();
      return;
    }
    this.current = Math.min(Math.max(0, at), this.nodes.length - 1);
    this.windowed.reveal(this.current)?.querySelector(".node-link").focus({ preventScroll: true });
  }

  #row(at) {
    const node = this.nodes[at];
    const about = { path: this.path, view: this.#view, isChosen: this.chosen?.has(node) ?? false, at, count: this.nodes.length };
    return row(node, about);
  }

  #draw() {
    const isAtEntry = this.#list.contains(document.activeElement);
    this.windowed.show(this.nodes.length);
    if (isAtEntry) this.focus();
  }

  #tell() {
    const bytes = this.nodes.reduce((sum, node) => sum + node.file_size, 0);
    const count = this.nodes.length;
    find("#figures").textContent = `${n(count, "{count} entry", "{count} entries")}, ${size(bytes)}`;
    for (const id of ["heads", "chosen-bar"]) find(`#${id}`).hidden = count === 0;
    find("#empty").hidden = count > 0;
  }

  #remember() {
    document.cookie = `pd_directory=${this.#view}.${this.#sort}; path=${PREFIX}; max-age=${COOKIE_SECONDS}; samesite=lax`;
  }
}

function markSorted(link, sort) {
  const isCurrent = sort.replace("-", "") === link.dataset.sort;
  setCurrent(link, isCurrent);
  link.querySelector(".offscreen")?.remove();
  delete link.dataset.way;
  if (!isCurrent) return;
  const isDown = sort.startsWith("-");
  link.dataset.way = isDown ? "down" : "up";
  const said = document.createElement("span");
  said.className = "offscreen";
  said.textContent = ` ${isDown ? t("downwards") : t("upwards")}`;
  link.append(said);
}

function setCurrent(link, isCurrent) {
  if (isCurrent) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}

// A form about entries, as a dialog; what was done is seen at once.
async function ask(listing, address, options) {
  try {
    const { isChanged, page, address: arrived } = await open(address, options);
    if (arrived && new URL(arrived).pathname !== location.pathname) location.assign(arrived);
    else if (isChanged || page) await listing.refresh();
  } catch (error) {
    toast(error.message);
    // It may not be as it is shown.
    await listing.refresh().catch(() => {});
  }
  // What had the focus may be gone, with what was chosen.
  if (!isFocusSeen()) listing.focus();
}

function isFocusSeen() {
  const { activeElement } = document;
  return activeElement !== document.body && (activeElement?.checkVisibility() ?? false);
}

export function askAbout(listing, action, nodes = listing.chosen.nodes) {
  if (nodes.length === 0) return undefined;
  if (action === "properties" || action === "share") return ask(listing, `${pageOf(listing.pathOf(nodes[0]))}?${action}`);
  const body = new URLSearchParams([["action", action], ...nodes.map((node) => [pickOf(node), "yes"])]);
  return ask(listing, pageOf(listing.path), { method: "POST", body });
}

function begin() {
  const told = embedded("stat");
  const listing = new Listing(told);
  const isWhole = !find("#pager");
  if (isWhole) listing.take(told.children);
  else listing.refresh().catch((error) => toast(error.message));

  for (const link of findAll("[data-view]")) onPlainClick(link, () => listing.view(link.dataset.view));
  for (const link of findAll("[data-sort]")) onPlainClick(link, () => listing.sort(link.dataset.sort));
  for (const link of findAll("[data-sheet-link]")) {
    onPlainClick(link, () => {
      link.closest("details")?.removeAttribute("open");
      ask(listing, link.href);
    });
  }
  find("#nodes").addEventListener("click", (event) => {
    const more = event.target.closest(".node-more");
    if (!more || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    ask(listing, more.href);
  });
  find("#entries").addEventListener("submit", (event) => {
    event.preventDefault();
    const { value } = event.submitter ?? {};
    if (value === "download") download(listing);
    else askAbout(listing, value);
  });
  keys(listing, askAbout);
  dragging(listing);
  searching(listing);
  if (listing.rights.write) uploading(listing);
}

// The browser saves what it is answered, so the page stays. Entries that aren't on the screen are sent too.
function download(listing) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = pageOf(listing.path);
  const fields = [["action", "download"], ...listing.chosen.nodes.map((node) => [pickOf(node), "yes"])];
  for (const [name, value] of fields) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
  document.body.append(form);
  form.submit();
  form.remove();
}

function onPlainClick(link, act) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    act();
  });
}

begin();
