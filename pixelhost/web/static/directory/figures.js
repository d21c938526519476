// Downloads and traffic of a node, as they change: what is marked with data-live within the element that has data-stats.

import { find, findAll } from "../common/dom.js";
import { number, size } from "../common/format.js";
import { live } from "../common/socket.js";

// Returns what ends it.
export function watch(root) {
  const shown = find("[data-stats]", root);
  if (!shown) return () => {};
  return live(shown.dataset.stats, {
    received: ({ downloads, transfer_free: free, transfer_paid: paid }) => {
      const figures = { downloads: number(downloads), traffic: size(free + paid) };
      for (const element of findAll("[data-live]", shown)) element.textContent = figures[element.dataset.live];
    },
  });
}

watch(document);
