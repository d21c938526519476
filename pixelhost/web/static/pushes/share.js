// The link to a secret. What was encrypted end to end has its key in the address of this page, behind the #, where it was
// put when the secret was made: it belongs to the link.

import { find, findAll } from "../common/dom.js";
import { keepSecret, secretOf } from "./crypt.js";

const panel = find("#share");
const { hash } = location;
let { link } = panel.dataset;

if ("endToEnd" in panel.dataset && secretOf(hash)) {
  const plain = encodeURIComponent(link);
  link += hash;
  find("#no-key").remove();
  find("#link").textContent = link;
  for (const button of findAll("[data-copy]")) button.dataset.copy = link;
  const mail = find("#mail");
  if (mail) mail.href = mail.href.replace(plain, encodeURIComponent(link));
  for (const one of findAll("#print, #back")) one.href += hash;
  keepSecret();
}

const device = find("#device");
if (device && navigator.share) {
  device.hidden = false;
  // Who closes the device's menu again has not failed.
  device.addEventListener("click", () => navigator.share({ title: device.dataset.title, url: link }).catch(() => {}));
}

const printer = find("#to-printer");
if (printer) {
  printer.hidden = false;
  printer.addEventListener("click", () => print());
}
