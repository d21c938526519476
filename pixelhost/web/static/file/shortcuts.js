// Keys that do something on a page. `?` shows them all, and that is also where they can be turned off: not everybody who
// types meets only the keys that were meant.
//
//   shortcuts([{ keys: ["a", "ArrowLeft"], does: t("Previous file"), run: previous }, ...])
//
// One that `needs` a selector is only offered while something on the page matches it. A key that is given twice does what
// it was given last. Returns what takes these away again.

import { show } from "../common/dialog.js";
import { h } from "../common/dom.js";
import { store, stored } from "../common/stored.js";
import { t } from "../common/strings.js";

const OFF = "shortcuts-off";
const NAMES = { " ": t("Space"), ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
const TYPED_INTO = "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]";
const PRESSED = "a, button, summary, input";
const SCROLLED = "[role=region][tabindex], iframe";

let entries = [];

export function shortcuts(added) {
  entries = [...added, ...entries];
  return () => (entries = entries.filter((entry) => !added.includes(entry)));
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isMeantForElse(event)) return;
  if (event.key === "?") help();
  else if (isOff()) return;
  else if (!run(event.key)) return;
  event.preventDefault();
});

// Whether there was something to do.
function run(key) {
  const entry = entryOf(key.length === 1 ? key.toLowerCase() : key);
  entry?.run();
  return entry !== undefined;
}

function entryOf(key) {
  return entries.find(({ keys, needs }) => keys.includes(key) && (!needs || document.querySelector(needs)));
}

function isMeantForElse({ key, target }) {
  if (document.querySelector("dialog[open]") || target.closest(TYPED_INTO)) return true;
  if ((key === " " || key === "Enter") && target.closest(PRESSED)) return true;
  return (key === " " || key.startsWith("Arrow")) && target.closest(SCROLLED) !== null;
}

export function help() {
  const isOn = h("input", { type: "checkbox", id: "shortcuts-on", checked: !isOff() });
  isOn.addEventListener("change", () => store(OFF, isOn.checked ? null : ""));
  const offered = entries.map((entry) => [entry, entry.keys.filter((key) => entryOf(key) === entry)]);
  const rows = offered
    .filter(([, keys]) => keys.length > 0)
    .map(([{ does }, keys]) =>
      h("tr", {}, h("td", {}, ...keys.map((key) => h("kbd", {}, NAMES[key] ?? key))), h("td", {}, does)),
    );
  show(t("Keyboard shortcuts"), [
    h("table", { class: "shortcuts" }, h("tbody", {}, ...rows)),
    h("div", { class: "check" }, isOn, h("label", { for: "shortcuts-on" }, t("Use these keys"))),
  ]);
}

function isOff() {
  return stored(OFF) !== null;
}
