// Files and folders on their way into the directory: dropped on the page or on one of its folders, or chosen.

import { encodedPath } from "../common/api.js";
import { find, h } from "../common/dom.js";
import { honest, size, speed } from "../common/format.js";
import { n, t } from "../common/strings.js";
import { toast } from "../common/toast.js";
import { chosen, transferred } from "../upload/gathering.js";
import { Queue } from "../upload/queue.js";
import { isDirectory } from "./nodes.js";
import { Room } from "./room.js";

const AT_A_TIME = 3;
const LISTED = 100;
const REDRAW_MS = 200;

export function uploading(listing) {
  const add = taking(listing);
  picking(find("#upload-files"), {}, add);
  picking(find("#upload-folder"), { webkitdirectory: true }, add);
}

// What is dropped on the page is taken from now on; so is what the function that this returns is given.
export function taking(listing) {
  const room = new Room(listing);
  const queue = new Queue(room, AT_A_TIME, ({ path }) => addressOf(path));
  const panel = new Panel(queue, listing);
  const add = async (found, below = listing.path) => {
    // Without an answer the server refuses what it has to.
    if (!queue.isBusy) await room.refresh().catch(() => {});
    // The queue knows a file by its path: here that is where it goes to.
    queue.add(found.map(({ file, path }) => ({ file, path: `${below}/${path}` })));
    panel.open();
  };
  dropping(listing, add);
  addEventListener("beforeunload", (event) => {
    if (queue.isBusy) event.preventDefault();
  });
  return add;
}

function addressOf(path) {
  return `/api/filesystem${encodedPath(path.toWellFormed?.() ?? path)}?make_parents=true`;
}

// A control of which files are chosen.
export function picking(control, attributes, add) {
  const field = h("input", { type: "file", multiple: true, hidden: true, ...attributes });
  control.after(field);
  control.hidden = false;
  control.addEventListener("click", (event) => {
    event.preventDefault();
    control.closest("details")?.removeAttribute("open");
    field.click();
  });
  field.addEventListener("change", () => {
    if (field.files.length > 0) add(chosen(field.files));
    field.value = "";
  });
}

function dropping(listing, add) {
  let depth = 0;
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("is-dropping", depth > 0);
  };
  document.addEventListener("dragenter", (event) => hasFiles(event) && mark(1));
  document.addEventListener("dragleave", (event) => hasFiles(event) && mark(-1));
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(-depth);
    const below = folderAt(listing, event.target);
    const missed = [];
    const batch = [];
    for await (const found of transferred(event.dataTransfer, (path) => missed.push(path))) batch.push(found);
    if (batch.length > 0) add(batch, below);
    if (missed.length > 0) toast(n(missed.length, "{count} entry could not be read", "{count} entries could not be read"));
  });
}

function folderAt(listing, target) {
  const element = target.closest?.(".node");
  const node = element && listing.nodes[Number(element.dataset.at)];
  return node && isDirectory(node) ? listing.pathOf(node) : listing.path;
}

// In a corner: how far all is, and what is under way or went wrong.
class Panel {
  #queue;
  #listing;
  #element;
  #timer;
  #isOver = true;
  #rows = new WeakMap();

  constructor(queue, listing) {
    this.#queue = queue;
    this.#listing = listing;
    queue.addEventListener("added", () => (this.#isOver = false));
    for (const event of ["added", "removed", "turned", "moved"]) queue.addEventListener(event, () => this.#later());
  }

  open() {
    this.#element ??= this.#make();
    this.#draw();
    document.body.append(this.#element);
  }

  #make() {
    this.heading = h("h2", { id: "uploads-heading" });
    this.progress = h("progress", { max: 1, value: 0, "aria-labelledby": "uploads-heading" });
    this.line = h("p", { class: "soft" });
    this.actions = h("div", { class: "actions" });
    this.list = h("ul");
    const head = h("div", { class: "uploads-head" }, this.heading, this.progress, this.line, this.actions);
    return h("section", { class: "uploads", "aria-labelledby": "uploads-heading" }, head, this.list);
  }

  #later() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, REDRAW_MS);
  }

  #draw() {
    const { items, pending, done, sentBytes, pace, stopped } = this.#queue;
    const whole = done.bytes + pending.bytes;
    const failed = items.filter(({ state }) => state === "failed" || state === "refused");
    if (this.#queue.isBusy) {
      this.#isOver = false;
      this.heading.textContent = n(pending.files, "Uploading {count} file", "Uploading {count} files");
    } else {
      this.heading.textContent = n(done.files, "{count} file uploaded", "{count} files uploaded");
      this.#ended();
    }
    this.progress.value = whole > 0 ? sentBytes / whole : this.#queue.isBusy ? 0 : 1;
    this.line.textContent = stopped?.message ?? this.#said(sentBytes, whole, pace.speed(), failed.length);
    this.#buttons(failed);
    const listed = items.filter(({ state }) => state !== "done" && state !== "canceled").slice(0, LISTED);
    this.#put(listed.map((item) => this.#row(item)));
  }

  // Rows that stay aren't touched, so that the focus stays too.
  #put(rows) {
    const staying = new Set(rows);
    for (const row of [...this.list.children]) if (!staying.has(row)) row.remove();
    for (const [at, row] of rows.entries()) {
      if (this.list.children[at] !== row) this.list.insertBefore(row, this.list.children[at] ?? null);
    }
  }

  #said(sent, whole, pace, failed) {
    if (failed > 0 && !this.#queue.isBusy) return n(failed, "{count} could not be uploaded", "{count} could not be uploaded");
    const parts = [t("{sent} of {whole}", { sent: size(sent), whole: size(whole) })];
    if (this.#queue.isBusy && pace > 0) parts.push(speed(pace));
    return parts.join(", ");
  }

  #buttons(failed) {
    const { isBusy, stopped } = this.#queue;
    const wanted = [];
    if (isBusy) {
      wanted.push(stopped ? ["resume", t("Go on"), () => this.#queue.resume()] : ["pause", t("Pause"), () => this.#queue.stop({ isByHand: true })]);
      wanted.push(["cancel", t("Cancel all"), () => this.#queue.cancelAll()]);
    } else {
      if (failed.length > 0) wanted.push(["retry", t("Try again"), () => this.#queue.retry(...failed)]);
      wanted.push(["close", t("Close"), () => this.#close()]);
    }
    const names = wanted.map(([name]) => name).join();
    // Buttons that are the same stay, so that the focus does.
    if (names === this.actions.dataset.names) return;
    this.actions.dataset.names = names;
    const hasFocus = this.actions.contains(document.activeElement);
    this.actions.replaceChildren(...wanted.map(([, label, onclick]) => h("button", { type: "button", class: "button small", onclick }, label)));
    if (hasFocus) this.actions.firstElementChild.focus();
  }

  #row(item) {
    if (!this.#rows.has(item)) this.#rows.set(item, this.#newRow(item));
    const row = this.#rows.get(item);
    const [, cancel, progress, problem] = row.children;
    cancel.hidden = item.state === "failed" || item.state === "refused";
    progress.hidden = item.state !== "sending";
    progress.value = item.sent;
    problem.hidden = !item.problem;
    problem.textContent = item.problem ?? "";
    return row;
  }

  #newRow(item) {
    const shown = honest(item.path.slice(this.#listing.path.length + 1));
    const onclick = () => {
      (row.nextElementSibling ?? this.actions).querySelector("button")?.focus();
      this.#queue.cancel(item);
    };
    const row = h(
      "li",
      {},
      h("bdi", { title: shown }, shown),
      h("button", { type: "button", class: "button small quiet", "aria-label": t("Cancel {name}", { name: shown }), onclick }, "✕"),
      h("progress", { max: Math.max(1, item.size), value: 0, "aria-label": shown }),
      h("span", { class: "problem" }),
    );
    return row;
  }

  #ended() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listing.refresh().catch((error) => toast(error.message));
  }

  #close() {
    this.#queue.remove(...this.#queue.items);
    this.#element.remove();
    this.#listing.focus();
  }
}
