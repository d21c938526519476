// A picture that fits its stage, and closer: by a click, the wheel, two fingers, keys or buttons; then it is dragged.

import { h } from "../common/dom.js";
import { t } from "../common/strings.js";
import { shortcuts } from "./shortcuts.js";

const CLOSEST = 16;
const STEP = 1.5;
const PAN_STEP_PX = 80;
const CLICK_MAX_PX = 5;

const frame = document.querySelector(".picture");
const picture = frame.querySelector("img");
const pointers = new Map();
let zoom = 1; // 1 fits
let x = 0;
let y = 0; // of the picture's centre, from that of the frame
let hasMoved = false;

frame.addEventListener("click", toggle);
frame.addEventListener("wheel", turn, { passive: false });
frame.addEventListener("dragstart", (event) => event.preventDefault());
frame.addEventListener("pointerdown", begin);
frame.addEventListener("pointermove", move);
for (const type of ["pointerup", "pointercancel"]) frame.addEventListener(type, ({ pointerId }) => pointers.delete(pointerId));
addEventListener("resize", () => zoomTo(zoom));
picture.addEventListener("load", () => zoomTo(1)); // in a list the frame stays and the picture changes

const larger = () => zoomTo(zoom * STEP);
const smaller = () => zoomTo(zoom / STEP);
const fit = () => zoomTo(1);

frame.after(
  h(
    "div",
    { class: "zoom", role: "group", "aria-label": t("Zoom") },
    h("button", { type: "button", class: "button", "aria-label": t("Smaller"), onclick: smaller }, "−"),
    h("button", { type: "button", class: "button", onclick: fit }, t("Fit")),
    h("button", { type: "button", class: "button", "aria-label": t("Larger"), onclick: larger }, "+"),
  ),
);
frame.title = "";

shortcuts([
  { keys: ["+", "="], does: t("Larger"), run: larger },
  { keys: ["-"], does: t("Smaller"), run: smaller },
  { keys: ["0"], does: t("Fit"), run: fit },
  { keys: ["h"], does: t("To the left"), run: () => pan(PAN_STEP_PX, 0) },
  { keys: ["j"], does: t("Down"), run: () => pan(0, -PAN_STEP_PX) },
  { keys: ["k"], does: t("Up"), run: () => pan(0, PAN_STEP_PX) },
  { keys: ["l"], does: t("To the right"), run: () => pan(-PAN_STEP_PX, 0) },
]);

function toggle(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const isByKeyboard = event.detail === 0;
  if (hasMoved && !isByKeyboard) return;
  const natural = picture.naturalWidth / picture.offsetWidth;
  zoomTo(zoom > 1 ? 1 : Math.max(natural, 2), isByKeyboard ? undefined : event);
}

function turn(event) {
  event.preventDefault();
  zoomTo(zoom * 1.0015 ** -event.deltaY, event);
}

function begin(event) {
  if (event.button !== 0) return;
  pointers.set(event.pointerId, event);
  hasMoved = pointers.size > 1;
}

function move(event) {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
  if (pointers.size === 1) {
    if (!hasMoved && Math.hypot(dx, dy) < CLICK_MAX_PX) return;
    if (zoom > 1) frame.setPointerCapture(event.pointerId);
    hasMoved = true;
    pan(dx, dy);
  } else {
    const [other] = [...pointers.values()].filter(({ pointerId }) => pointerId !== event.pointerId);
    const grown = distance(event, other) / (distance(before, other) || 1);
    zoomTo(zoom * grown, { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 });
  }
  pointers.set(event.pointerId, event);
}

function distance(one, other) {
  return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
}

// What is under `place` stays there.
function zoomTo(wanted, place) {
  const next = Math.min(Math.max(wanted, 1), CLOSEST);
  const box = frame.getBoundingClientRect();
  const fromX = place ? place.clientX - box.left - box.width / 2 : 0;
  const fromY = place ? place.clientY - box.top - box.height / 2 : 0;
  x = fromX - (fromX - x) * (next / zoom);
  y = fromY - (fromY - y) * (next / zoom);
  zoom = next;
  pan(0, 0);
}

// As far as there is something to see.
function pan(dx, dy) {
  const farX = Math.max(0, (picture.offsetWidth * zoom - frame.clientWidth) / 2);
  const farY = Math.max(0, (picture.offsetHeight * zoom - frame.clientHeight) / 2);
  x = Math.min(Math.max(x + dx, -farX), farX);
  y = Math.min(Math.max(y + dy, -farY), farY);
  picture.style.transform = zoom === 1 ? "" : `translate(${x}px, ${y}px) scale(${zoom})`;
  frame.classList.toggle("zoomed", zoom > 1);
}
