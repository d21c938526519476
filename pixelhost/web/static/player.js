// Whether a browser can play a file is only known once it has tried. If it can't, say so instead of showing nothing.

const player = document.querySelector("video, audio");
const MEDIA_ERR_ABORTED = 1;

player?.addEventListener("error", giveUp);
if (player?.error) giveUp();

function giveUp() {
  if (player.error.code === MEDIA_ERR_ABORTED) return;
  player.hidden = true;
  document.querySelector(".unplayable").hidden = false;
}
