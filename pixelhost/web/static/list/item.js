// One file of a list: on to the others by keys, by swiping, and by itself where one plays to its end.

import { find } from "../common/dom.js";
import { t } from "../common/strings.js";
import { copyLink } from "../file/share.js";
import { help, shortcuts } from "../file/shortcuts.js";
import "../file/swap.js";
import { startPlaylist } from "./playlist.js";
import { startStrip } from "./strip.js";
import { onSwipe } from "./swipe.js";
import { go, startWalking } from "./walk.js";

const stage = find(".stage");
const next = () => go(find("#next"));
const previous = () => go(find("#previous"));

startWalking(arrived);
startStrip();
const playlist = startPlaylist(go);
onSwipe(stage, { left: next, right: previous });
arrived();

shortcuts(
  [
    { keys: ["a", "ArrowLeft"], does: t("Previous file"), run: previous, needs: "main" },
    { keys: ["d", "ArrowRight"], does: t("Next file"), run: next, needs: "main" },
    { keys: ["r"], does: t("Shuffle on or off"), run: playlist.toggleShuffle, needs: "#shuffle" },
    { keys: ["s"], does: t("Download"), run: () => find("#download")?.click(), needs: "main" },
    { keys: ["c"], does: t("Copy the link"), run: copyLink, needs: "main" },
    { keys: ["i"], does: t("Show or hide the details"), run: toggleDetails, needs: "#details" },
    { keys: ["e"], does: t("Edit the list"), run: () => find("#edit").click(), needs: "#edit" },
    { keys: ["f"], does: t("Fill the screen"), run: toggleFullscreen, needs: "main" },
    { keys: ["q"], does: t("All files of the list"), run: () => find("#gallery").click(), needs: "#gallery" },
  ].filter(({ needs }) => find(needs)),
);

// What is new on the page each time another file is shown.
function arrived() {
  const button = find("#shortcuts");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", help);
  }
}

function toggleDetails() {
  const details = find("#details");
  details.open = !details.open;
}

function toggleFullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else stage.requestFullscreen?.();
}
