// The page of a list: the links of its files for other places, and the ways to pass on its own.

import { ask } from "../common/api.js";
import { copy } from "../common/copy.js";
import { embedded, find, findAll } from "../common/dom.js";
import { FORMATS } from "../common/linkformats.js";
import { t } from "../common/strings.js";
import { toast } from "../common/toast.js";
import { copyLink, offerSharing } from "../file/share.js";
import { shortcuts } from "../file/shortcuts.js";

const files = find(".files");

// Links that were made for the site that this one is like.
const [, wanted] = /^#item=(\d+)$/.exec(location.hash) ?? [];
if (wanted && files) location.replace(`?item=${wanted}`);

offerSharing();
shortcuts([
  { keys: ["d", "ArrowRight"], does: t("The first file"), run: () => find("a", files).click(), needs: ".files" },
  { keys: ["s"], does: t("Download all"), run: () => find("#download-all").click(), needs: "#download-all" },
  { keys: ["c"], does: t("Copy the link"), run: copyLink },
  { keys: ["e"], does: t("Edit"), run: () => find("#edit").click(), needs: "#edit" },
]);

const menu = find("#links");
if (menu) {
  menu.hidden = false;
  for (const button of findAll("[data-links]", menu)) button.addEventListener("click", () => copyLinks(button));
}

async function copyLinks(button) {
  menu.open = false;
  find("summary", menu).focus();
  try {
    // A long list doesn't bring along what is known of its files.
    const list = embedded("list") ?? (await ask("GET", `/list/${files.dataset.list}`));
    const here = find("link[rel=canonical]").href.replace(/\/l\/[^/]*$/, "");
    const lines = list.files.map(({ id, name }) => FORMATS[button.dataset.links]({ name, url: `${here}/u/${id}` }));
    toast((await copy(lines.join("\n"))) ? t("Copied") : t("Not copied"));
  } catch (error) {
    toast(error.message);
  }
}
