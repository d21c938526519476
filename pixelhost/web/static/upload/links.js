// Links to what was uploaded: in the formats that other places take, and as QR codes.

import { copy } from "../common/copy.js";
import { show } from "../common/dialog.js";
import { find, h } from "../common/dom.js";
import { FORMATS } from "../common/linkformats.js";
import { t } from "../common/strings.js";
import { toast } from "../common/toast.js";

// The address that the site is known by, which need not be the one that this page came from.
const { here } = find("#queue").dataset;

export function pageOf(id) {
  return `${here}/u/${id}`;
}

export function listPageOf(id) {
  return `${here}/l/${id}`;
}

export async function copyAll(links, format) {
  const text = links.map(FORMATS[format]).join("\n");
  toast((await copy(text)) ? t("Copied") : t("Not copied"));
}

export function copyButton(url, name) {
  const label = t("Copy link");
  const act = async () => toast((await copy(url)) ? t("Copied {url}", { url }) : t("Not copied"));
  return h("button", { type: "button", class: "button small", "aria-label": `${label}: ${name}`, onclick: act }, label);
}

export function qrButton(url, name) {
  const label = t("QR code");
  const act = () => showQr(url, name);
  return h("button", { type: "button", class: "button small", "aria-label": `${label}: ${name}`, onclick: act }, label);
}

function showQr(url, name) {
  const src = `/api/misc/qr?${new URLSearchParams({ text: url })}`;
  const code = h("img", { class: "qr", src, alt: t("QR code of {url}", { url }) });
  return show(name, [h("p", { class: "qr-place" }, code), h("p", { class: "qr-link" }, h("a", { href: url }, url))]);
}
