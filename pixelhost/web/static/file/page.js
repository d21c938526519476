// The page of a file: its keys, its dialogs, its live figures. Everything it does by links and forms works without.

import { embedded, find, findAll } from "../common/dom.js";
import { number } from "../common/format.js";
import { live } from "../common/socket.js";
import { t } from "../common/strings.js";
import "./forms.js";
import { copyLink, offerSharing } from "./share.js";
import { help, shortcuts } from "./shortcuts.js";
import "./swap.js";

const { id } = embedded("file");
const stage = find(".stage");

offerSharing();
shortcuts(
  [
    { keys: ["s"], does: t("Download"), run: () => find("#download").click(), needs: "#download" },
    { keys: ["c"], does: t("Copy the link"), run: copyLink, needs: ".share" },
    { keys: ["i"], does: t("Show or hide the details"), run: toggleDetails, needs: "#details" },
    { keys: ["e"], does: t("Edit"), run: () => find("#edit").click(), needs: "#edit" },
    { keys: ["g"], does: t("Copy to my files"), run: () => find("#grab").requestSubmit(), needs: "#grab" },
    { keys: ["f"], does: t("Fill the screen"), run: toggleFullscreen, needs: ".wide .stage" },
    { keys: ["q"], does: t("Leave"), run: leave, needs: "main" },
  ].filter(({ needs }) => find(needs)),
);

const button = find("#shortcuts");
button.hidden = false;
button.addEventListener("click", help);

live("/api/file_stats", {
  opened: (send) => send({ type: "file_stats", data: { file_id: id } }),
  received: ({ type, file_stats: figures }) => {
    if (type !== "file_stats") return;
    for (const shown of findAll("[data-live]")) shown.textContent = number(figures[shown.dataset.live]);
  },
});

function toggleDetails() {
  const details = find("#details");
  details.open = !details.open;
}

function toggleFullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else stage.requestFullscreen?.();
}

// Back to where one came from on this site, else to the front page.
function leave() {
  if (document.referrer.startsWith(`${location.origin}/`) && history.length > 1) history.back();
  else location.assign("/");
}
