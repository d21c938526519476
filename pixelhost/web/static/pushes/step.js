// What stands before a secret: the key behind the # of the address goes along, and is asked for before a view is taken.

import { find } from "../common/dom.js";
import { isPossible, keepSecret, secretOf } from "./crypt.js";

const onward = find("#onward");

if ("endToEnd" in onward.dataset) {
  const missing = !isPossible ? "#no-crypto" : secretOf(location.hash) ? undefined : "#no-key";
  if (missing) {
    find(missing).hidden = false;
    onward.hidden = true;
  } else if (onward.action) {
    onward.action += location.hash;
  } else {
    find("#proceed").href += location.hash;
  }
  keepSecret();
  // With the key at last, as when the rest of the link is put behind it.
  addEventListener("hashchange", () => location.reload());
}
