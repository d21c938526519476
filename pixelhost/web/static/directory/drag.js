// Entries dragged onto a directory, in the list or in the path above, are moved there.

import { find, findAll } from "../common/dom.js";
import { n } from "../common/strings.js";
import { toast } from "../common/toast.js";
import { isDirectory, pageOf, pickOf } from "./nodes.js";
import { act } from "./sheet.js";

const TYPE = "application/x-pixelhost-entries";
// From so many on it may take a while.
const SLOW = 100;

export function dragging(listing) {
  if (!listing.rights.write) return;
  const list = find("#nodes");
  let dragged = [];

  list.addEventListener("dragstart", (event) => {
    const node = nodeAt(event.target);
    if (!node) return;
    dragged = listing.chosen.has(node) ? listing.chosen.nodes : [node];
    event.dataTransfer.setData(TYPE, "");
    event.dataTransfer.effectAllowed = "move";
  });
  list.addEventListener("dragend", () => {
    dragged = [];
    mark(null);
  });

  onto(list, (target) => {
    const element = target.closest(".node");
    const node = element && nodeAt(element);
    return node && isDirectory(node) && !dragged.includes(node) ? { element, path: listing.pathOf(node) } : null;
  });
  const trail = find(".trail");
  if (trail) {
    onto(trail, (target) => {
      const element = target.closest("a");
      return element && { element, path: decodeURIComponent(new URL(element.href).pathname).replace(/^\/d/, "") };
    });
  }

  function onto(area, goalOf) {
    area.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes(TYPE)) return;
      const goal = goalOf(event.target);
      mark(goal?.element ?? null);
      if (goal) event.preventDefault();
    });
    area.addEventListener("dragleave", () => mark(null));
    area.addEventListener("drop", (event) => {
      if (!event.dataTransfer.types.includes(TYPE)) return;
      event.preventDefault();
      const goal = goalOf(event.target);
      if (goal) move(listing, dragged, goal.path);
    });
  }

  function nodeAt(target) {
    const element = target.closest?.(".node");
    return element ? listing.nodes[Number(element.dataset.at)] : undefined;
  }

  function mark(element) {
    for (const marked of findAll(".is-goal")) marked.classList.remove("is-goal");
    element?.classList.add("is-goal");
  }
}

// All in one request, as the form does it, which comes to say what can't be moved, and why.
async function move(listing, nodes, goal) {
  const body = new URLSearchParams([["action", "move-now"], ["to", goal], ...nodes.map((node) => [pickOf(node), "yes"])]);
  const list = find("#nodes");
  const count = nodes.length;
  list.setAttribute("aria-busy", "true");
  if (count >= SLOW) toast(n(count, "Moving {count} entry…", "Moving {count} entries…"));
  try {
    const isDone = await act(pageOf(listing.path), { method: "POST", body });
    if (isDone) toast(n(count, "{count} entry was moved", "{count} entries were moved"));
  } catch (error) {
    toast(error.message);
  } finally {
    list.removeAttribute("aria-busy");
  }
  await listing.refresh().catch((error) => toast(error.message));
}
