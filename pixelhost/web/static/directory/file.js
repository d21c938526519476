// The page of a file in a filesystem: its forms as dialogs, and the ways to its neighbours.

import { find, findAll } from "../common/dom.js";
import { t } from "../common/strings.js";
import { toast } from "../common/toast.js";
import "../file/keys.js";
import { shortcuts } from "../file/shortcuts.js";
import "./figures.js";
import { open } from "./sheet.js";

for (const link of findAll("[data-sheet-link]")) {
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.closest("details")?.removeAttribute("open");
    try {
      const { isChanged, address } = await open(link.href);
      if (address) location.assign(address);
      else if (isChanged) location.reload();
    } catch (error) {
      toast(error.message);
    }
  });
}

// A player has the arrows for itself.
const arrow = (key) => (find("video, audio") ? [] : [key]);
shortcuts(
  [
    { keys: ["a", ...arrow("ArrowLeft")], does: t("Previous file"), leads: find("a[rel=prev]") },
    { keys: ["d", ...arrow("ArrowRight")], does: t("Next file"), leads: find("a[rel=next]") },
  ]
    .filter(({ leads }) => leads)
    .map(({ leads, ...entry }) => ({ ...entry, run: () => leads.click() })),
);
