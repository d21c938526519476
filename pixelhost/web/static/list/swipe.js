// Swiping to the left and to the right.

const FAR_PX = 60;
const SCROLLED = "pre, .entries, iframe, input, .zoomed, .zoom";
const CONTROLS_PX = 80;

export function onSwipe(element, { left, right }) {
  let begun;

  element.addEventListener("touchstart", (event) => {
    const [touch] = event.touches;
    begun = event.touches.length === 1 && !isMeantForElse(event.target, touch) ? touch : undefined;
  }, { passive: true });

  element.addEventListener("touchend", (event) => {
    const [touch] = event.changedTouches;
    if (!begun || event.touches.length > 0) return;
    const [dx, dy] = [touch.clientX - begun.clientX, touch.clientY - begun.clientY];
    begun = undefined;
    if (Math.abs(dx) < FAR_PX || Math.abs(dx) < 2 * Math.abs(dy)) return;
    if (dx < 0) left();
    else right();
  }, { passive: true });
}

// What scrolls or is closer than it fits goes its own way; so does the seek bar of a player.
function isMeantForElse(target, touch) {
  if (target.closest(SCROLLED)) return true;
  return target.matches("video, audio") && touch.clientY > target.getBoundingClientRect().bottom - CONTROLS_PX;
}
