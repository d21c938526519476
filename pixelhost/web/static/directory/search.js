// What is found below this directory, while one types. Enter leads to the page with all of it.

import { ask, encodedPath } from "../common/api.js";
import { find, h } from "../common/dom.js";
import { honest } from "../common/format.js";
import { t } from "../common/strings.js";
import { pageOf } from "./nodes.js";

const SHORTEST = 2;
const SHOWN = 12;
const REST_MS = 150;

export function searching({ path }) {
  const form = find("#search");
  const field = form.querySelector("input");
  let list;
  let timer;
  let asking;

  field.addEventListener("input", () => {
    stop();
    const term = field.value.trim();
    if ([...term].length < SHORTEST) return close();
    timer = setTimeout(() => suggest(term), REST_MS);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (list) event.preventDefault();
      stop();
      close();
      field.focus();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event);
  });
  form.addEventListener("focusout", (event) => {
    if (form.contains(event.relatedTarget)) return;
    stop();
    close();
  });

  // What was on its way would open the list again.
  function stop() {
    clearTimeout(timer);
    asking?.abort();
  }

  async function suggest(term) {
    asking = new AbortController();
    try {
      const query = { search: term, limit: SHOWN };
      const found = await ask("GET", `/filesystem${encodedPath(path)}`, { query, signal: asking.signal });
      show(found);
    } catch (error) {
      if (error.name !== "AbortError") show([], error.message);
    }
  }

  function show(found, said = t("No name has this in it")) {
    close();
    const entries = found.map((one) => h("li", {}, entry(one.slice(path.length + 1), one)));
    list = h("ul", { class: "suggestions", "aria-label": t("Found") }, entries.length ? entries : h("li", {}, h("p", { role: "status" }, said)));
    form.append(list);
  }

  function close() {
    list?.remove();
    list = undefined;
  }

  function step(event) {
    const links = list ? [...list.querySelectorAll("a")] : [];
    if (links.length === 0) return;
    event.preventDefault();
    const at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (at < 0) field.focus();
    else links[Math.min(at, links.length - 1)].focus();
  }
}

function entry(shown, path) {
  const slash = shown.lastIndexOf("/");
  const above = shown.slice(0, Math.max(0, slash));
  return h("a", { href: pageOf(path) }, h("bdi", {}, honest(shown.slice(slash + 1))), above ? h("small", {}, h("bdi", {}, honest(above))) : null);
}
