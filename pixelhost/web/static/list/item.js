// One file of a list: on to the others by keys, by swiping, and by itself where one plays to its end.

import { find } from "../common/dom.js";
import { t } from "../common/strings.js";
import "../file/figures.js";
import "../file/forms.js";
import "../file/keys.js";
import { shortcuts } from "../file/shortcuts.js";
import { startPlaylist } from "./playlist.js";
import { startStrip } from "./strip.js";
import { onSwipe } from "./swipe.js";
import { go, startWalking } from "./walk.js";

const next = () => go(find("#next"));
const previous = () => go(find("#previous"));

startWalking();
startStrip();
const playlist = startPlaylist(go);
onSwipe(find(".stage"), { left: next, right: previous });

shortcuts([
  { keys: ["a", "ArrowLeft"], does: t("Previous file"), run: previous },
  { keys: ["d", "ArrowRight"], does: t("Next file"), run: next },
  { keys: ["r"], does: t("Shuffle on or off"), run: playlist.toggleShuffle, needs: "#shuffle" },
  { keys: ["e"], does: t("Edit the list"), run: () => find("#edit-list").click(), needs: "#edit-list" },
  { keys: ["q"], does: t("All files of the list"), run: () => find("#gallery").click(), needs: "#gallery" },
]);
