// The keyboard: arrows, Home, End and the pages move among the entries, Enter opens, Space chooses, Delete deletes,
// F2 renames, Ctrl-A chooses all, Escape nothing, and / goes to the search.

import { find } from "../common/dom.js";

export function keys(listing, askAbout) {
  find("#nodes").addEventListener("focusin", (event) => {
    const element = event.target.closest(".node");
    if (element) listing.current = Number(element.dataset.at);
  });

  document.addEventListener("keydown", (event) => {
    if (event.altKey || isWriting(event.target) || document.querySelector("dialog[open]")) return;
    const isCommand = event.ctrlKey || event.metaKey;
    const act = isCommand ? COMMANDS[event.key.toLowerCase()] : KEYS[event.key];
    if (!act || (!isCommand && isElsewhere(event.target) && !ANYWHERE.includes(event.key))) return;
    if (act(listing, askAbout, event) === false) return;
    event.preventDefault();
  });
}

const ANYWHERE = ["/", "Escape", "Delete", "F2"];

const COMMANDS = { a: ({ chosen }) => chosen.all() };

const KEYS = {
  ArrowDown: (listing, _, event) => go(listing, listing.windowed.columns, event),
  ArrowUp: (listing, _, event) => go(listing, -listing.windowed.columns, event),
  ArrowRight: (listing, _, event) => listing.windowed.columns > 1 && go(listing, 1, event),
  ArrowLeft: (listing, _, event) => listing.windowed.columns > 1 && go(listing, -1, event),
  PageDown: (listing, _, event) => go(listing, listing.windowed.columns * listing.windowed.rowsOnScreen, event),
  PageUp: (listing, _, event) => go(listing, -listing.windowed.columns * listing.windowed.rowsOnScreen, event),
  Home: (listing, _, event) => go(listing, -Infinity, event),
  End: (listing, _, event) => go(listing, Infinity, event),
  " ": (listing) => isAtEntry() && listing.chosen.turn(listing.current),
  Delete: (listing, askAbout) => act(listing, askAbout, "delete", listing.rights.delete || listing.rights.write),
  F2: (listing, askAbout) => act(listing, askAbout, "rename", listing.rights.write),
  Escape: ({ chosen }) => chosen.names.size > 0 && chosen.none(),
  "/": () => find("#search input").focus(),
};

function go(listing, by, { shiftKey }) {
  if (listing.nodes.length === 0) return false;
  // The first key only takes the focus to where it was.
  const isThere = isAtEntry();
  const wanted = isThere || Math.abs(by) === Infinity ? listing.current + by : listing.current;
  if (shiftKey && isThere) listing.chosen.until(listing.current);
  listing.focus(wanted);
  if (shiftKey && isThere) listing.chosen.until(listing.current);
  return true;
}

function act(listing, askAbout, action, isAllowed) {
  if (!isAllowed) return false;
  const { chosen, nodes, current } = listing;
  const about = chosen.names.size > 0 ? chosen.nodes : isAtEntry() ? [nodes[current]] : [];
  if (about.length === 0 || (action === "rename" && about.length > 1)) return false;
  askAbout(listing, action, about);
  return true;
}

function isAtEntry() {
  return document.activeElement?.closest(".node") !== null && document.activeElement?.closest(".node") !== undefined;
}

function isWriting(target) {
  return target.matches?.("input:not([type=checkbox]), textarea, select");
}

// On a link or a button elsewhere keys are for that.
function isElsewhere(target) {
  return target !== document.body && target.id !== "main" && !target.closest?.("#entries");
}
