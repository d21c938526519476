// One entry as it stands in the list: what the server's template makes too.

import { h } from "../common/dom.js";
import { day, honest, size } from "../common/format.js";
import { t } from "../common/strings.js";
import { apiOf, iconOf, isDirectory, pageOf, pickOf } from "./nodes.js";

export function row(node, { path, view, isChosen, at, count }) {
  const name = honest(node.name);
  const place = `${path}/${node.name}`;
  return h(
    "li",
    { class: "node", "data-at": at, "aria-posinset": at + 1, "aria-setsize": count, draggable: "true" },
    h("input", { type: "checkbox", name: pickOf(node), value: "yes", checked: isChosen, "aria-label": t("Select {name}", { name }) }),
    h("a", { class: "node-link", href: pageOf(place), title: name, draggable: "false" }, picture(node, place, view), h("bdi", {}, name)),
    h("span", { class: "node-mark" }, node.id ? h("span", { class: "shared" }, t("shared")) : null),
    h("span", { class: "node-size" }, isDirectory(node) ? "" : size(node.file_size)),
    h("time", { class: "node-date", datetime: node.modified }, day(node.modified)),
    h("span", { class: "node-type" }, isDirectory(node) ? t("Folder") : node.file_type),
    h("a", { class: "node-more", href: `${pageOf(place)}?properties`, draggable: "false", "aria-label": t("More about {name}", { name }) }, "…"),
  );
}

function picture(node, place, view) {
  if (view !== "gallery" || isDirectory(node)) return h("span", { class: `icon icon-${iconOf(node)}`, "aria-hidden": "true" });
  const src = `${apiOf(place)}?thumbnail&width=192&height=192`;
  return h("img", { class: "thumbnail", src, alt: "", loading: "lazy", width: 192, height: 192, draggable: "false" });
}
