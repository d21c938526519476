// What the pages of files have alike: keys, ways to share, dialogs. What is not on a page is not offered there.

import { find } from "../common/dom.js";
import { t } from "../common/strings.js";
import { copyLink, offerSharing } from "./share.js";
import { help, shortcuts } from "./shortcuts.js";
import "./swap.js";

const stage = find(".stage");

offer();
document.addEventListener("walked", offer); // in a list the page stays and the file changes
shortcuts([
  { keys: ["s"], does: t("Download"), run: () => find("#download").click(), needs: "#download" },
  { keys: ["c"], does: t("Copy the link"), run: copyLink, needs: ".share" },
  { keys: ["i"], does: t("Show or hide the details"), run: toggleDetails, needs: "#details" },
  { keys: ["e"], does: find("#edit")?.textContent ?? t("Edit"), run: () => find("#edit").click(), needs: "#edit" },
  { keys: ["g"], does: t("Copy to my files"), run: () => find("#grab").requestSubmit(), needs: "#grab" },
  { keys: ["f"], does: t("Fill the screen"), run: toggleFullscreen, needs: ":is(.wide, .in-list) .stage" },
  { keys: ["q"], does: t("Leave"), run: leave, needs: ".file-head" },
]);

function offer() {
  offerSharing();
  const button = find("#shortcuts");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", help);
}

function toggleDetails() {
  const details = find("#details");
  details.open = !details.open;
}

function toggleFullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else stage.requestFullscreen?.();
}

// Back to where one came from on this site, else to what the file is in, or the front page.
function leave() {
  if (document.referrer.startsWith(`${location.origin}/`) && history.length > 1) history.back();
  else location.assign(find(".file-head .trail li:last-child a")?.href ?? "/");
}
