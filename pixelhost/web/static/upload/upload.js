// The page that takes files: the queue below the place for them, and what can be done with what has arrived.

import { confirm } from "../common/dialog.js";
import { embedded, find, h } from "../common/dom.js";
import { duration, number, size, speed } from "../common/format.js";
import { store, stored } from "../common/stored.js";
import { n, t } from "../common/strings.js";
import { takeFiles } from "./intake.js";
import { copyAll, pageOf } from "./links.js";
import { makeList } from "./lists.js";
import { Queue } from "./queue.js";
import { Room } from "./room.js";
import { Rows } from "./rows.js";

const TICK_MS = 500;
const AT_A_TIME = "uploads-at-a-time";

const atATime = find("#at-a-time");
atATime.value = stored(AT_A_TIME) ?? atATime.value;
if (!atATime.value) atATime.value = "3";

const queue = new Queue(new Room(embedded("room")), Number(atATime.value));
const rows = new Rows(find("#rows"), {
  cancel: (item) => queue.cancel(item),
  retry: (item) => queue.retry(item),
  remove: (item) => queue.remove(item),
  select: (item, isSelected) => select([item], isSelected),
});
const title = document.title;
let ticking;

takeFiles((found) => queue.add(found));
watchQueue();
useTools();
useResults();

// What is shown

function watchQueue() {
  queue.addEventListener("added", ({ detail }) => {
    const isFirst = find("#queue").hidden;
    find("#queue").hidden = false;
    rows.add(detail);
    if (isFirst) find("#queue-progress").scrollIntoView({ block: "nearest" });
    announce(n(detail.length, "{count} file was added", "{count} files were added"));
    showAll();
  });
  queue.addEventListener("removed", ({ detail }) => {
    rows.remove(detail);
    find("#queue").hidden = queue.items.length === 0 && find("#lists").hidden;
    showAll();
  });
  queue.addEventListener("turned", ({ detail }) => {
    rows.turned(detail);
    if (detail.state === "failed" || detail.state === "refused") announce(`${detail.path}: ${detail.problem}`);
    soon();
  });
  queue.addEventListener("moved", ({ detail }) => {
    if (detail) rows.moved(detail);
    soon();
  });
  addEventListener("beforeunload", (event) => queue.isBusy && event.preventDefault());
}

let isDue = false;

function soon() {
  if (isDue) return;
  isDue = true;
  setTimeout(() => {
    isDue = false;
    showAll();
  }, 100);
}

function showAll() {
  const { pending, done, stopped } = queue;
  const isBusy = queue.isBusy;
  const count = (...states) => queue.among(...states).length;
  const bytes = done.bytes + pending.bytes;
  const part = bytes > 0 ? queue.sentBytes / bytes : 0;
  find("#queue-progress").value = part;
  find("#queue-progress").hidden = !isBusy;
  find("#queue-said").textContent = isBusy ? progressSaid(bytes) : restSaid(count("failed", "refused"));
  document.title = isBusy ? `${Math.floor(part * 100)} % · ${title}` : title;
  find("#pause").hidden = !isBusy;
  find("#pause").textContent = stopped ? t("Resume") : t("Pause");
  find("#cancel-all").hidden = !isBusy;
  find("#retry-all").hidden = count("failed") < 2;
  find("#clear").hidden = count("done", "canceled", "refused") === 0;
  showStopped(stopped);
  showResults();
  tick(isBusy);
}

function progressSaid(bytes) {
  const { pending, done } = queue;
  const going = queue.pace.speed();
  const all = done.files + pending.files;
  const said = [
    n(all, "{done} of {count} file", "{done} of {count} files", { done: number(done.files) }),
    t("{sent} of {size}", { sent: size(queue.sentBytes), size: size(bytes) }),
  ];
  if (going > 0 && !queue.stopped) {
    said.push(speed(going), t("{time} left", { time: duration((bytes - queue.sentBytes) / going) }));
  }
  return said.join(" · ");
}

function restSaid(failed) {
  const { files } = queue.done;
  const said = [n(files, "{count} file uploaded", "{count} files uploaded")];
  if (failed > 0) said.push(n(failed, "{count} not uploaded", "{count} not uploaded"));
  return said.join(" · ");
}

function showStopped(stopped) {
  const place = find("#paused");
  const text = stopped ? explained(stopped) : "";
  if (place.textContent.startsWith(text) && place.hidden === !text) return;
  place.hidden = !text;
  place.replaceChildren(h("p", {}, text));
  if (!text) return;
  const login = { href: "/login", target: "_blank", rel: "noopener" };
  if (stopped.isLoggedOut) place.append(h("p", {}, h("a", login, t("Log in"))));
  announce(text);
}

function explained({ isByHand, isLoggedOut, message }) {
  if (isByHand) return t("Paused. Files that were under way will start again from their beginning.");
  if (isLoggedOut) return t("You are logged out, so nothing is sent. Log in again in another tab, then resume.");
  return t("Stopped: {problem}. Resume when that has changed.", { problem: message });
}

// Rows that rest count down, and the speed falls while nothing moves.
function tick(isBusy) {
  if (!isBusy && ticking) {
    clearInterval(ticking);
    ticking = undefined;
    queue.pace.reset();
    announce(find("#queue-said").textContent);
  } else if (isBusy && !ticking) {
    ticking = setInterval(() => {
      queue.pace.moved(0);
      for (const item of queue.among("resting")) rows.moved(item);
      soon();
    }, TICK_MS);
  }
}

function announce(text) {
  find("#announced").textContent = text;
}

// What can be done about the queue

function useTools() {
  find("#pause").addEventListener("click", () => (queue.stopped ? queue.resume() : queue.stop({ isByHand: true })));
  find("#cancel-all").addEventListener("click", async () => {
    const text = n(queue.pending.files, "{count} file has not arrived yet.", "{count} files have not arrived yet.");
    if (await confirm(t("Cancel all uploads?"), text, { action: t("Cancel all"), isDangerous: true })) queue.cancelAll();
  });
  find("#retry-all").addEventListener("click", () => queue.retry(...queue.among("failed")));
  find("#clear").addEventListener("click", () => {
    queue.remove(...queue.among("done", "canceled", "refused"));
  });
  atATime.addEventListener("change", () => {
    queue.atATime = Number(atATime.value);
    store(AT_A_TIME, atATime.value);
  });
}

// What can be done about what has arrived

function useResults() {
  find("#select-all").addEventListener("change", ({ target }) => select(arrived(), target.checked));
  find("#make-list").addEventListener("click", () => makeList(selected(), find("#lists")));
  find("#formats").addEventListener("click", ({ target }) => {
    if (!target.dataset.format) return;
    find("#formats").open = false;
    find("#formats summary").focus();
    copyAll(selected().map(({ id, path }) => ({ name: path, url: pageOf(id) })), target.dataset.format);
  });
}

function arrived() {
  return queue.among("done");
}

function selected() {
  return arrived().filter(({ isSelected }) => isSelected);
}

function select(items, isSelected) {
  for (const item of items) {
    item.isSelected = isSelected;
    item.show();
  }
  showResults();
}

function showResults() {
  const all = arrived().length;
  const some = selected().length;
  find("#results").hidden = all === 0;
  find("#selected").textContent = n(some, "{count} selected", "{count} selected");
  const box = find("#select-all");
  box.checked = some > 0;
  box.indeterminate = some > 0 && some < all;
  find("#make-list").disabled = some === 0;
  find("#formats").inert = some === 0;
}
