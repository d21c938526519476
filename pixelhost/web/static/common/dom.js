// Elements. Text is always text: nothing here takes HTML.

//   h("a", { href, class: "button", "aria-label": t("Open"), onclick: open }, name, h("small", {}, size))
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export function find(selector, root = document) {
  return root.querySelector(selector);
}

export function findAll(selector, root = document) {
  return [...root.querySelectorAll(selector)];
}

// What the page brought along as <script type="application/json" id="...">; undefined where it didn't.
export function embedded(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : undefined;
}
