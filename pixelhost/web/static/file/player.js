// Films and music: keys, and the place where one stopped is found again. The player is the browser's own.

import { store, stored } from "../common/stored.js";
import { t } from "../common/strings.js";
import { shortcuts } from "./shortcuts.js";

const MEDIA_ERR_ABORTED = 1;
const STEP_SECONDS = 5;
const STEP_VOLUME = 0.1;
const REMEMBERED = "positions";
const REMEMBERED_MAX = 200;
const WORTH_SECONDS = 30;
const SAVED_EVERY_SECONDS = 5;

const player = document.querySelector("video, audio");
// In a list the player stays and the file changes.
const place = () => new URL(player.src).pathname;
let savedAt = 0;

// Whether a browser can play a file is only known once it has tried. If it can't, say so instead of showing nothing.
player.addEventListener("error", giveUp);
if (player.error) giveUp();

if (player.readyState >= HTMLMediaElement.HAVE_METADATA) resume();
player.addEventListener("loadedmetadata", resume);
player.addEventListener("timeupdate", () => {
  if (Math.abs(player.currentTime - savedAt) >= SAVED_EVERY_SECONDS) save();
});
player.addEventListener("pause", save);
player.addEventListener("ended", forget);
addEventListener("pagehide", save);

shortcuts([
  { keys: [" "], does: t("Play or pause"), run: () => (player.paused ? player.play().catch(() => {}) : player.pause()) },
  { keys: ["m"], does: t("Sound on or off"), run: () => (player.muted = !player.muted) },
  { keys: ["h", "ArrowLeft"], does: t("5 seconds back"), run: () => seek(-STEP_SECONDS) },
  { keys: ["l", "ArrowRight"], does: t("5 seconds on"), run: () => seek(STEP_SECONDS) },
  { keys: ["k"], does: t("Louder"), run: () => turn(STEP_VOLUME) },
  { keys: ["j"], does: t("Softer"), run: () => turn(-STEP_VOLUME) },
]);

function giveUp() {
  if (player.error.code === MEDIA_ERR_ABORTED) return;
  player.hidden = true;
  document.querySelector(".unplayable").hidden = false;
}

function seek(seconds) {
  player.currentTime = Math.min(Math.max(player.currentTime + seconds, 0), player.duration || 0);
}

function turn(step) {
  player.volume = Math.min(Math.max(player.volume + step, 0), 1);
}

function resume() {
  const seconds = positions()[place()];
  if (seconds && seconds < player.duration) player.currentTime = savedAt = seconds;
}

// Neither the beginning nor the end is a place to come back to, nor is any of a short piece.
function save() {
  const seconds = player.currentTime;
  if (!player.duration || player.duration < WORTH_SECONDS || player.ended) return;
  savedAt = seconds;
  if (seconds < STEP_SECONDS || seconds > player.duration - STEP_SECONDS) forget();
  else keep({ ...without(), [place()]: Math.floor(seconds) });
}

function forget() {
  if (place() in positions()) keep(without());
}

function without() {
  const { [place()]: _, ...others } = positions();
  return others;
}

function positions() {
  return JSON.parse(stored(REMEMBERED)) ?? {};
}

function keep(all) {
  store(REMEMBERED, JSON.stringify(Object.fromEntries(Object.entries(all).slice(-REMEMBERED_MAX))));
}
