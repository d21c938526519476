// A list made of what was uploaded.

import { ask } from "../common/api.js";
import { ask as askFor } from "../common/dialog.js";
import { h } from "../common/dom.js";
import { honest } from "../common/format.js";
import { n, t } from "../common/strings.js";
import { toast } from "../common/toast.js";
import { copyButton, listPageOf, qrButton } from "./links.js";

const FILES_MAX = 10000;
const TITLE_MAX = 300;

// Asks for a title, and puts a row for the new list into `rows`. Files from folders are described by their path.
export async function makeList(items, rows) {
  if (items.length > FILES_MAX) {
    toast(t("A list holds at most {count} files", { count: FILES_MAX.toLocaleString(document.documentElement.lang) }));
    return;
  }
  const options = { value: suggestion(items), action: t("Make the list"), maxlength: TITLE_MAX };
  const title = await askFor(n(items.length, "A list of {count} file", "A list of {count} files"), t("Title"), options);
  if (title === undefined) return;
  const files = items.map(({ id, path }) => ({ id, description: path.includes("/") ? path : "" }));
  try {
    const { id } = await ask("POST", "/list", { json: { title, files } });
    const row = asRow(title, id, items.length);
    rows.prepend(row);
    rows.hidden = false;
    row.querySelector("button").focus();
  } catch (error) {
    toast(t("The list was not made: {problem}", { problem: error.message }));
  }
}

// The folder that all of them came from, else the first name.
function suggestion(items) {
  const folders = new Set(items.map(({ path }) => (path.includes("/") ? path.split("/", 1)[0] : undefined)));
  const [folder] = folders;
  if (folders.size === 1 && folder) return honest(folder).slice(0, TITLE_MAX);
  const name = honest(items[0].name).slice(0, TITLE_MAX - 30);
  return items.length === 1 ? name : n(items.length - 1, "{name} and {count} other", "{name} and {count} others", { name });
}

function asRow(title, id, count) {
  const url = listPageOf(id);
  const name = honest(title);
  const link = h("a", { href: url, target: "_blank", rel: "noopener", "aria-label": t("Open {name}", { name }) }, url);
  const picture = { src: `/api/list/${id}/thumbnail?width=64&height=64`, width: 40, height: 40, alt: "" };
  return h(
    "li",
    { class: "row", "data-state": "list" },
    h("div", { class: "row-before" }, h("img", picture)),
    h(
      "div",
      { class: "row-what" },
      h("p", { class: "row-name" }, h("bdi", {}, name)),
      h("p", { class: "row-said" }, link, " ", n(count, "{count} file", "{count} files")),
    ),
    h("div", { class: "row-buttons" }, copyButton(url, name), qrButton(url, name)),
  );
}
