// How long it is until a secret expires, as time goes by.

import { find } from "../common/dom.js";
import { duration } from "../common/format.js";
import { t } from "../common/strings.js";

const { lang } = document.documentElement;
const words = new Intl.RelativeTimeFormat(lang, { numeric: "always" });
const HOUR = 3600;
const ends = find("#ends");

if (ends) {
  const exact = ends.textContent;
  const over = new Date(ends.dateTime).getTime();
  ends.title = exact;
  const show = () => {
    const seconds = Math.max(0, Math.ceil((over - Date.now()) / 1000));
    ends.textContent = said(seconds);
    if (seconds > 0) setTimeout(show, seconds > 2 * HOUR ? 60_000 : 1000);
  };
  show();
}

function said(seconds) {
  if (seconds === 0) return t("Its time is over");
  if (seconds < HOUR) return t("in {time}", { time: duration(seconds) });
  if (seconds < 48 * HOUR) return words.format(Math.round(seconds / HOUR), "hour");
  return words.format(Math.round(seconds / (24 * HOUR)), "day");
}
