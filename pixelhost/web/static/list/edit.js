// Editing a list: every change is saved as it is made, and can be undone. Without this, the form around it is sent.

import { ask } from "../common/api.js";
import { find, findAll, h } from "../common/dom.js";
import { t } from "../common/strings.js";
import "../file/forms.js";
import { draggable } from "./drag.js";
import { linked } from "./links.js";
import { savingTo } from "./saving.js";

const form = find("#list");
const rows = find("#entries");
const { list: id } = form.dataset;
const first = Number(form.dataset.first);
const title = find("#title");
const more = find("#add");
const state = find("#state");
const undoing = find("#undo");

let entries = [];
const before = [];
const { save, settled } = savingTo(id, say);

if (rows) {
  start().catch((error) => say(error.message, true));
}

// The whole list, of which this page shows a part.
async function start() {
  const list = await ask("GET", `/list/${id}`);
  entries = list.files.map((file) => ({ id: file.id, description: file.description }));
  if (findAll(".entry", rows).some((row, place) => entries[first + place]?.id !== row.dataset.id)) {
    location.reload();
    return;
  }
  find("#save").hidden = true;
  for (const row of findAll(".entry", rows)) row.prepend(grip());
  draggable(rows, ".entry", ".grip", (row, from, to) => move(row, first + from, first + to));
  form.addEventListener("submit", press);
  form.addEventListener("change", note);
  undoing.addEventListener("click", undo);
  find("#done").addEventListener("click", leave);
  number();
}

function grip() {
  return h("span", { class: "grip", "aria-hidden": "true", title: t("Drag to another place") }, "⠿");
}

// The buttons of the form, which without this would send it.
function press(event) {
  event.preventDefault();
  const button = event.submitter;
  const row = button?.closest(".entry");
  if (button?.id === "add-files") add();
  else if (row) act(row, button);
}

function act(row, { name }) {
  const place = placeOf(row);
  if (name === "remove") remove(row, place);
  else if (name === "up") shift(row, place, place - 1, name);
  else if (name === "down") shift(row, place, place + 1, name);
}

function note({ target }) {
  const row = target.closest(".entry");
  if (target === title) save({ title: title.value }, { field: title });
  else if (row && target.name.startsWith("position.")) moveTo(row, target);
  else if (row && target.matches("textarea")) describe(row, target.value);
}

function describe(row, description) {
  const place = placeOf(row);
  change(entries.map((entry, index) => (index === place ? { ...entry, description } : entry)));
}

function moveTo(row, field) {
  const from = placeOf(row);
  const to = Number(field.value) - 1;
  if (!Number.isInteger(to) || to < 0 || to >= entries.length) {
    say(t("A position is a number from 1 to {count}", { count: entries.length }), true);
    field.value = from + 1;
    return;
  }
  if (to !== from) shift(row, from, to);
}

// `button` is the one that shall keep the focus.
function shift(row, from, to, button) {
  const length = rows.children.length;
  if (to >= first && to < first + length) {
    remember();
    const others = [...rows.children].filter((one) => one !== row);
    rows.insertBefore(row, others[to - first] ?? null);
    move(row, from, to, { isRemembered: true });
    if (button) focusIn(row, button);
    return;
  }
  reorder(from, to);
  save({ files: entries }).then((isSaved) => isSaved && show(to));
}

function focusIn(row, button) {
  const wanted = find(`[name=${button}]`, row);
  (wanted.disabled ? find(button === "up" ? "[name=down]" : "[name=up]", row) : wanted).focus();
}

// A row stands where it shall be already.
function move(row, from, to, { isRemembered = false } = {}) {
  if (!isRemembered) remember([...rows.children].toSpliced(to - first, 1).toSpliced(from - first, 0, row));
  reorder(from, to);
  number();
  save({ files: entries }, { done: t("Saved: now {position} of {count}", { position: to + 1, count: entries.length }) });
}

function reorder(from, to) {
  entries = entries.toSpliced(from, 1).toSpliced(to, 0, entries[from]);
}

function remove(row, place) {
  if (entries.length === 1) {
    say(t("A list needs at least one file. The list itself can be deleted above"), true);
    return;
  }
  remember();
  const neighbour = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  entries = entries.toSpliced(place, 1);
  number();
  if (neighbour) find("[name=remove]", neighbour).focus();
  const saved = save({ files: entries }, { done: t("Removed from the list") });
  if (!neighbour) saved.then((isSaved) => isSaved && show(place - 1));
}

async function add() {
  const { ids, wrong } = linked(more.value);
  if (wrong !== undefined || ids.length === 0) {
    problem(wrong === undefined ? t("Put links to files here first") : t("This is no link to a file: {link}", { link: wrong }));
    return;
  }
  const wanted = [...entries, ...ids.map((one) => ({ id: one, description: "" }))];
  if (await save({ files: wanted }, { field: more })) {
    more.value = "";
    show(wanted.length - 1);
  }
}

function change(wanted) {
  remember();
  entries = wanted;
  save({ files: entries });
}

function remember(shown = [...rows.children]) {
  before.push({ entries, shown });
  undoing.hidden = false;
}

function undo() {
  const last = before.pop();
  if (!last) return;
  entries = last.entries;
  rows.replaceChildren(...last.shown);
  for (const row of last.shown) find("textarea", row).value = entries[placeOf(row)].description;
  number();
  undoing.hidden = before.length === 0;
  if (undoing.hidden) find("[name=up], [name=down]", rows).focus();
  save({ files: entries }, { done: t("Undone") });
}

// Once everything is saved; not where something could not be.
async function leave(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const { href } = event.currentTarget;
  if (await settled()) location.assign(href);
}

// What stands in the rows of where they are.
function number() {
  for (const row of rows.children) {
    const place = placeOf(row);
    row.id = `file-${place}`;
    find("[name^=position]", row).value = place + 1;
    find("a", row).href = `/l/${id}?item=${place}`;
    find("[name=up]", row).disabled = place === 0;
    find("[name=down]", row).disabled = place === entries.length - 1;
  }
}

function placeOf(row) {
  return first + [...rows.children].indexOf(row);
}

// The page on which a file stands.
function show(place) {
  const address = `/l/${id}/edit?page=${Math.floor(place / Number(form.dataset.length)) + 1}`;
  if (location.pathname + location.search === address) location.hash = `file-${place}`;
  if (location.pathname + location.search === address) location.reload();
  else location.assign(`${address}#file-${place}`);
}

function say(text, hasFailed = false) {
  state.textContent = text;
  state.classList.toggle("failed", hasFailed);
}

function problem(text) {
  more.setCustomValidity(text);
  more.reportValidity();
  more.addEventListener("input", () => more.setCustomValidity(""), { once: true });
}
