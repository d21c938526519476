// Entries dragged onto a directory, in the list or in the path above, are moved there.

import { ask, encodedPath } from "../common/api.js";
import { find, findAll } from "../common/dom.js";
import { n, t } from "../common/strings.js";
import { toast } from "../common/toast.js";
import { isDirectory } from "./nodes.js";

const TYPE = "application/x-pixelhost-entries";
const SAID = 3;

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

// One after the other; those that can't be moved stay, and it is said why.
async function move(listing, nodes, goal) {
  const failed = [];
  for (const node of nodes) {
    const form = { action: "rename", target: `${goal}/${node.name}` };
    try {
      await ask("POST", `/filesystem${encodedPath(listing.pathOf(node))}`, { form });
    } catch (error) {
      failed.push(t("{name} was not moved: {reason}", { name: node.name, reason: error.message }));
    }
  }
  const moved = nodes.length - failed.length;
  if (moved > 0) toast(n(moved, "{count} entry was moved", "{count} entries were moved"));
  for (const said of failed.slice(0, SAID)) toast(said);
  const more = failed.length - SAID;
  if (more > 0) toast(n(more, "{count} more was not moved", "{count} more were not moved"));
  await listing.refresh();
}
