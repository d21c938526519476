// Ways to pass on the link to a page: the clipboard, the device's own menu, a QR code, a frame in another page.

import { copy } from "../common/copy.js";
import { closing, show } from "../common/dialog.js";
import { findAll, h } from "../common/dom.js";
import { t } from "../common/strings.js";
import { toast } from "../common/toast.js";

export async function copyLink() {
  const link = document.querySelector("link[rel=canonical]").href;
  toast((await copy(link)) ? t("The link was copied") : t("The link could not be copied"));
}

export function offerSharing() {
  for (const button of findAll("[data-share]")) {
    button.hidden = !navigator.share;
    button.addEventListener("click", () => {
      // Who closes the device's menu again has not failed.
      navigator.share({ title: button.dataset.title, url: button.dataset.share }).catch(() => {});
    });
  }
  for (const link of findAll("[data-qr]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      showCode(link.href, link.dataset.qr);
    });
  }
  for (const button of findAll("[data-embed]")) {
    button.hidden = false;
    button.addEventListener("click", () => showEmbedding(button.dataset.embed, button.dataset.title));
  }
}

export function showCode(address, text) {
  return show(t("QR code"), [
    h("img", { class: "qr", src: address, alt: t("QR code of the link"), width: 256, height: 256 }),
    h("p", {}, h("code", {}, text)),
  ]);
}

function showEmbedding(address, title) {
  const frame = h("iframe", { src: address, title, width: 640, height: 400, allowfullscreen: true, loading: "lazy" });
  const code = frame.outerHTML;
  const field = h("textarea", { id: "embed-code", readonly: true, rows: 4 }, code);
  const button = closing(t("Copy"), "copy", { class: "button primary" });
  const label = h("label", { for: "embed-code" }, t("Put this into a page of a site that the owner of the file has named:"));
  show(t("Embed"), [h("div", { class: "field" }, label, field)], { actions: [closing(t("Close")), button] }).then(
    async (answer) => {
      if (answer === "copy") toast((await copy(code)) ? t("The code was copied") : t("The code could not be copied"));
    },
  );
}
