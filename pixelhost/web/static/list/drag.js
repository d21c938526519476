// Ordering rows by dragging: with a mouse, a pen or a finger, by a handle. The others make room at once; Escape puts the
// row back.

import { findAll } from "../common/dom.js";

const EDGE_PX = 80;
const SCROLL_PX = 12;

// `dropped(row, from, to)` is called with the places of a row among the rows, when it has another one.
export function draggable(list, rows, handle, dropped) {
  let row;
  let from;
  let pointer;
  let timer;

  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(handle);
    if (!grip || event.button !== 0 || row) return;
    event.preventDefault();
    row = grip.closest(rows);
    from = place();
    row.classList.add("dragged");
    grip.setPointerCapture(event.pointerId);
    pointer = event;
    timer = setInterval(scroll, 16);
  });
  list.addEventListener("pointermove", (event) => {
    if (!row) return;
    pointer = event;
    follow();
  });
  list.addEventListener("pointerup", () => end(true));
  list.addEventListener("pointercancel", () => end(false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && end(false));

  function place() {
    return findAll(rows, list).indexOf(row);
  }

  // To where the pointer is: beyond the middle of a row it takes its place. The pointer stays with the handle.
  function follow() {
    const others = findAll(rows, list).filter((one) => one !== row);
    const next = others.find((one) => {
      const box = one.getBoundingClientRect();
      return pointer.clientY < box.top + box.height / 2;
    });
    const isThere = next ? row.nextElementSibling === next : list.lastElementChild === row;
    if (!isThere) put(next ?? null);
  }

  function put(next) {
    // An element that is moved loses the pointer: its neighbours are moved around it instead.
    const all = findAll(rows, list);
    const to = next ? all.filter((one) => one !== row).indexOf(next) : all.length - 1;
    while (place() < to) row.before(row.nextElementSibling);
    while (place() > to) row.after(row.previousElementSibling);
  }

  function scroll() {
    if (pointer.clientY < EDGE_PX) scrollBy(0, -SCROLL_PX);
    else if (pointer.clientY > innerHeight - EDGE_PX) scrollBy(0, SCROLL_PX);
    else return;
    follow();
  }

  function end(isDropped) {
    if (!row) return;
    clearInterval(timer);
    const ended = row;
    const to = place();
    if (!isDropped) put(findAll(rows, list).filter((one) => one !== row)[from] ?? null);
    row.classList.remove("dragged");
    row = undefined;
    if (isDropped && to !== from) dropped(ended, from, to);
  }
}
