// The page of a file: its forms as dialogs, arrows to its neighbours, and what to say where it can't be played.

import { find, findAll } from "../common/dom.js";
import { toast } from "../common/toast.js";
import { open } from "./sheet.js";

const MEDIA_ERR_ABORTED = 1;

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

document.addEventListener("keydown", (event) => {
  const isTaken = event.target.closest("video, audio, input, pre, details[open]") || document.querySelector("dialog[open]");
  if (isTaken || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const way = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (way) find(`.pager a[rel=${way}]`)?.click();
});

const player = find("video, audio");
player?.addEventListener("error", giveUp);
if (player?.error) giveUp();

function giveUp() {
  if (player.error.code === MEDIA_ERR_ABORTED) return;
  player.hidden = true;
  find(".unplayable").hidden = false;
}
