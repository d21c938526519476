// The files of a push before it is made: chosen one after the other or dropped, each to be taken away again.

import { find, h } from "../common/dom.js";
import { honest, size } from "../common/format.js";
import { t } from "../common/strings.js";

// Returns a function that gives them, and with `clear` forgets them. `field` is left empty: what it holds would be sent as well.
export function chooseFiles(field) {
  const list = find("#chosen");
  const files = [];
  const isRequired = field.required;
  const show = () => {
    list.replaceChildren(...files.map((file) => row(file, remove)));
    list.hidden = files.length === 0;
    field.required = isRequired && files.length === 0;
  };
  const remove = (file) => {
    files.splice(files.indexOf(file), 1);
    show();
    field.focus();
  };
  const add = (found) => {
    files.push(...found);
    show();
  };
  field.addEventListener("change", () => {
    add([...field.files]);
    field.value = "";
  });
  takeDrops(find("#files-field"), add);
  const clear = () => {
    files.length = 0;
    show();
  };
  return Object.assign(() => files, { clear });
}

function row(file, remove) {
  const name = honest(file.name);
  const label = h("span", { class: "file-name" }, h("bdi", {}, name), " ", h("span", { class: "soft" }, size(file.size)));
  const said = { type: "button", class: "button small", "aria-label": t("Remove {name}", { name }) };
  return h("li", {}, label, h("button", { ...said, onclick: () => remove(file) }, t("Remove")));
}

// What misses the place would be opened by the browser, and all that was typed be gone.
function takeDrops(place, add) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    place.classList.add("is-over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && place.classList.remove("is-over"));
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    place.classList.remove("is-over");
    add([...event.dataTransfer.files]);
  });
}
