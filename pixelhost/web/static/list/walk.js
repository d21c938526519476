// From one file of a list to another. Where both are of the same kind, a picture or something that plays, the element
// that shows it stays and gets the other file: a list plays on in a tab that nobody looks at, and on the full screen.
// Everything else is a page of its own.

import { enable } from "../common/copy.js";
import { find } from "../common/dom.js";

const STAYING = { image: ".picture img", video: "video", audio: "audio" };
const PARTS = [".file-head", ".file-side", "#walk", "#file"];
const ATTRIBUTES = ["src", "alt", "aria-label", "href"];

let going;

export function startWalking() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#walk a[href], #strip a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(link);
  });
  addEventListener("popstate", () => show(location.href).catch(() => location.reload()));
}

// To where a link leads; nowhere from one that leads nowhere. `isPlaying`: what plays there shall begin at once.
export async function go(link, { isPlaying = false } = {}) {
  const address = link?.href;
  if (!address) return;
  const media = find("video, audio");
  const plays = isPlaying || (media !== null && !media.paused);
  try {
    await show(address, plays);
  } catch (error) {
    if (error.name === "AbortError") return;
    location.assign(plays ? `${address}#play` : address);
    return;
  }
  history.pushState(null, "", address);
  lookAhead(link.id);
}

// Throws where the other file needs a page of its own.
async function show(address, plays = false) {
  const stage = find(".stage");
  const { viewer } = stage.dataset;
  going?.abort();
  going = new AbortController();
  if (!(viewer in STAYING) || document.querySelector(".unplayable:not([hidden])")) throw new Error("another page");
  const response = await fetch(address, { headers: { Accept: "text/html" }, signal: going.signal });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const other = page.querySelector(".stage");
  if (!response.ok || other?.dataset.viewer !== viewer) throw new Error("another page");
  exchange(stage, other, viewer);
  exchangeParts(page);
  if (plays) find("video, audio")?.play().catch(() => {});
}

function exchange(stage, other, viewer) {
  const [shown, wanted] = [stage, other].map((place) => find(STAYING[viewer], place));
  const pairs = [[shown, wanted], [shown.closest("a"), wanted.closest("a")]];
  // The cover beside a recording.
  if (viewer === "audio") pairs.push([find("img", stage), find("img", other)]);
  if (viewer === "image") waitFor(shown);
  for (const [to, from] of pairs) {
    if (!to || !from) continue;
    for (const name of ATTRIBUTES) if (from.hasAttribute(name)) to.setAttribute(name, from.getAttribute(name));
  }
}

// Until the other picture is there, the old one is seen to be on its way out.
function waitFor(picture) {
  picture.classList.add("waits");
  for (const type of ["load", "error"]) picture.addEventListener(type, () => picture.classList.remove("waits"), { once: true });
}

function exchangeParts(page) {
  const focused = document.activeElement?.id;
  const isOpen = find("#details")?.open;
  document.title = page.title;
  find("link[rel=canonical]").href = page.querySelector("link[rel=canonical]").href;
  for (const selector of PARTS) {
    const [old, part] = [find(selector), page.querySelector(selector)];
    if (old && part) old.replaceWith(document.adoptNode(part));
  }
  const details = find("#details");
  if (details) details.open = isOpen;
  enable(find(".file-side"));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  find("#walked").textContent = `${find(".position").textContent}: ${find("h1").textContent}`;
  document.dispatchEvent(new CustomEvent("walked", { detail: page }));
}

// The picture after the next step in the same direction, for one that goes through them.
function lookAhead(direction) {
  const address = direction && document.getElementById(direction)?.dataset.picture;
  if (address) new Image().src = address;
}
