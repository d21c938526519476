// Looking for methods: those that have all the words stay, the others are hidden. Examples don't count, they have
// everything in them. "/" begins to search.

import { find, findAll } from "../common/dom.js";
import { n } from "../common/strings.js";

const box = find("#search");
const field = find("#wanted");
const operations = findAll(".operation").map((element) => ({ element, words: wordsOf(element) }));
const chapters = findAll(".chapter");

function wordsOf(operation) {
  const parts = [...operation.children].filter((part) => !part.classList.contains("example"));
  return parts.map((part) => part.textContent).join(" ").toLowerCase();
}

function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { element, words: said } of operations) {
    element.hidden = !words.every((word) => said.includes(word));
    found += !element.hidden;
  }
  for (const chapter of chapters) chapter.hidden = !find(".operation:not([hidden])", chapter);
  find("#nothing").hidden = found > 0;
  find("#found").textContent = words.length ? n(found, "{count} method", "{count} methods") : "";
}

field.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
  const isWriting = event.target.closest?.("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey;
  if (event.key !== "/" || isWriting) return;
  event.preventDefault();
  field.focus();
});
// A link to a method that is hidden would lead nowhere.
addEventListener("hashchange", () => {
  const goal = document.getElementById(location.hash.slice(1));
  if (!goal?.closest("[hidden]")) return;
  field.value = "";
  search();
  goal.scrollIntoView();
});
box.hidden = false;
search();
