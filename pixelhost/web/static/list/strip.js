// The strip of thumbnails: keeps the current one in view, and gets more of them as one scrolls to an end.

import { find, findAll } from "../common/dom.js";

const NEAR_PX = 600;

let isGetting = false;

export function startStrip() {
  const strip = find("#strip");
  for (const end of findAll(".strip-end", strip)) end.remove();
  strip.addEventListener("scroll", () => grow(strip), { passive: true });
  // A wheel that only turns up and down turns this too.
  strip.addEventListener("wheel", (event) => turn(strip, event), { passive: false });
  document.addEventListener("walked", ({ detail }) => follow(strip, detail));
  centre(strip);
  grow(strip);
}

function turn(strip, event) {
  if (event.deltaX !== 0 || event.shiftKey || event.ctrlKey) return;
  const before = strip.scrollLeft;
  strip.scrollLeft += event.deltaY;
  if (strip.scrollLeft !== before) event.preventDefault();
}

function centre(strip) {
  const current = find("[aria-current]", strip);
  if (!current) return;
  const [outer, inner] = [strip.getBoundingClientRect(), current.getBoundingClientRect()];
  strip.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}

// Another file is shown: its thumbnail is here, or comes with those around it on its page.
function follow(strip, page) {
  const { index } = find("#walk").dataset;
  find("[aria-current]", strip)?.removeAttribute("aria-current");
  if (!find(`[data-place="${index}"]`, strip)) {
    find("ul", strip).replaceChildren(...items(page.querySelector("#strip")));
  }
  find(`[data-place="${index}"]`, strip).setAttribute("aria-current", "true");
  centre(strip);
  grow(strip);
}

function items(root) {
  return findAll("li:not(.strip-end)", root).map((item) => document.adoptNode(item));
}

async function grow(strip) {
  if (isGetting) return;
  const list = find("ul", strip);
  const places = [list.firstElementChild, list.lastElementChild].map((item) => Number(find("a", item).dataset.place));
  const [first, last] = places;
  const isNearEnd = strip.scrollWidth - strip.clientWidth - strip.scrollLeft < NEAR_PX;
  if (isNearEnd && last + 1 < Number(strip.dataset.count)) {
    await get(strip, last + 1, (more) => list.append(...more));
  } else if (strip.scrollLeft < NEAR_PX && first > 0) {
    await get(strip, Math.max(0, first - 60), (more) => {
      const before = list.scrollWidth;
      list.prepend(...more.filter((item) => Number(find("a", item).dataset.place) < first));
      strip.scrollLeft += list.scrollWidth - before;
    });
  }
}

async function get(strip, first, put) {
  isGetting = true;
  try {
    const embed = new URLSearchParams(location.search).has("embed") ? "&embed" : "";
    const response = await fetch(`/l/${strip.dataset.list}/strip?first=${first}${embed}`);
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const more = items(page);
    if (more.length > 0) put(more);
  } catch {
    // The next time that it is scrolled it is tried again.
  } finally {
    isGetting = false;
  }
}
