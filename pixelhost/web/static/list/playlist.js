// What plays in a list one after the other: in order or shuffled, by itself or when it is asked for.

import { find, h } from "../common/dom.js";
import { store, stored } from "../common/stored.js";
import { t } from "../common/strings.js";

const STILL = "list-still"; // kept where nothing shall begin by itself
const SHUFFLED = "list-shuffled";
const inTab = () => sessionStorage;

let go;
let autoplay;
let shuffle;

export function startPlaylist(goTo) {
  go = goTo;
  const media = find("video, audio");
  if (media && playable().length > 1) {
    offer();
    media.addEventListener("ended", playOn);
    document.addEventListener("walked", arrive);
    arrive();
  }
  if (media && location.hash === "#play") begin(media);
  return { toggleShuffle: () => shuffle?.click() };
}

// The places of what can be played, from `0-3 7 9-12`.
function playable() {
  const runs = find("#walk").dataset.playable.split(" ").filter(Boolean);
  return runs.flatMap((run) => {
    const [first, last = first] = run.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function offer() {
  autoplay = h("input", { type: "checkbox", id: "autoplay", checked: !stored(STILL) });
  autoplay.addEventListener("change", () => store(STILL, autoplay.checked ? null : "yes"));
  shuffle = h("button", { type: "button", class: "button small", id: "shuffle" }, t("Shuffle"));
  shuffle.setAttribute("aria-pressed", String(Boolean(stored(SHUFFLED))));
  shuffle.addEventListener("click", toggleShuffle);
  const label = h("label", { for: "autoplay" }, autoplay, t("Play the next by itself"));
  find("#walk").after(h("div", { class: "playlist", role: "group", "aria-label": t("Playlist") }, label, shuffle));
}

function toggleShuffle() {
  const isOn = !isShuffled();
  shuffle.setAttribute("aria-pressed", String(isOn));
  store(SHUFFLED, isOn ? "yes" : null);
  store(trailName(), null, inTab);
  if (isOn) arrive();
  else location.reload();
}

function isShuffled() {
  return shuffle.getAttribute("aria-pressed") === "true";
}

// The buttons lead through a shuffled list as it is played: on to what has not been, and back to what was before.
function arrive() {
  if (!isShuffled()) return;
  const { index } = find("#walk").dataset;
  const here = Number(index);
  const known = trail();
  const before = known.slice(0, known.includes(here) ? known.indexOf(here) : undefined);
  store(trailName(), JSON.stringify([...before, here]), inTab);
  lead(find("#previous"), before.at(-1));
  lead(find("#next"), random(playable().filter((place) => place !== here && !before.includes(place))));
}

function lead(link, place) {
  delete link.dataset.picture;
  if (place === undefined) {
    link.removeAttribute("href");
    link.setAttribute("role", "link");
    link.setAttribute("aria-disabled", "true");
    return;
  }
  const address = new URL(location.href);
  address.hash = "";
  address.searchParams.set("item", place);
  link.href = address.href;
  link.removeAttribute("role");
  link.removeAttribute("aria-disabled");
}

function random(places) {
  return places[Math.floor(Math.random() * places.length)];
}

function playOn() {
  if (!autoplay.checked) return;
  if (isShuffled()) {
    go(find("#next[href]"), { isPlaying: true });
    return;
  }
  const here = Number(find("#walk").dataset.index);
  const place = playable().find((one) => one > here);
  if (place === undefined) return;
  const link = h("a");
  lead(link, place);
  go(link, { isPlaying: true });
}

// Browsers may want a click first: then the player waits for it.
function begin(media) {
  history.replaceState(null, "", location.pathname + location.search);
  media.play().catch(() => {});
}

function trail() {
  return JSON.parse(stored(trailName(), inTab) ?? "[]");
}

function trailName() {
  return `trail-${find("#walk").dataset.list}`;
}
