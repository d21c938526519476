// Where files come from: chosen, dropped anywhere on the page, or pasted.

import { ask as askFor } from "../common/dialog.js";
import { find, h } from "../common/dom.js";
import { t } from "../common/strings.js";
import { toast } from "../common/toast.js";
import { chosen, transferred } from "./gathering.js";

const AT_ONCE = 200;
const NAME_MAX = 255;

// `add` is called with arrays of { file, path }, for a large folder while it is still read.
export function takeFiles(add) {
  const drop = find("#drop");
  const files = find("#files");
  const label = t("Choose a folder");
  const choosing = { type: "file", multiple: true, webkitdirectory: true };
  const folder = h("input", { ...choosing, id: "folder", hidden: true, "aria-label": label });
  files.hidden = true;
  files.required = false;
  find(".drop-plain").hidden = true;
  drop.append(files, folder);
  for (const shown of [find(".drop-say"), find(".drop-pick")]) shown.hidden = false;
  find("#pick-files").addEventListener("click", () => files.click());
  find("#pick-folder").hidden = !("webkitdirectory" in folder);
  find("#pick-folder").addEventListener("click", () => folder.click());
  for (const field of [files, folder]) {
    field.addEventListener("change", () => {
      const found = chosen(field.files);
      if (found.length > 0) add(found);
      else sayEmpty();
      field.value = "";
    });
  }
  drop.addEventListener("submit", (event) => event.preventDefault());
  takeDrops(drop, add);
  document.addEventListener("paste", (event) => pasted(event, add));
}

// Anywhere on the page: what misses the zone would be opened by the browser, and the uploads be gone.
function takeDrops(zone, add) {
  let depth = 0;
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const show = (change) => {
    depth = Math.max(0, depth + change);
    zone.classList.toggle("is-over", depth > 0);
  };
  addEventListener("dragenter", (event) => hasFiles(event) && show(1));
  addEventListener("dragleave", (event) => hasFiles(event) && show(-1));
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    show(-depth);
    takeIn(event.dataTransfer, add);
  });
}

async function takeIn(transfer, add) {
  let found = [];
  let count = 0;
  const missed = (path) => toast(t("{name} could not be read", { name: path }));
  for await (const one of transferred(transfer, missed)) {
    found.push(one);
    count += 1;
    if (found.length < AT_ONCE) continue;
    add(found);
    found = [];
  }
  if (found.length > 0) add(found);
  if (count === 0) sayEmpty();
}

function sayEmpty() {
  toast(t("There was no file in it"));
}

async function pasted(event, add) {
  if (event.target.closest?.("input, textarea, dialog")) return;
  const { files } = event.clipboardData;
  const text = event.clipboardData.getData("text");
  if (files.length > 0) {
    event.preventDefault();
    // A picture from the clipboard has a name that says nothing, and all of them have the same.
    if (files.length === 1 && files[0].name === "image.png") add([{ file: files[0], path: `${stamp()}.png` }]);
    else await takeIn(event.clipboardData, add);
  } else if (text) {
    event.preventDefault();
    const options = { value: `${stamp()}.txt`, action: t("Upload"), maxlength: NAME_MAX };
    const path = await askFor(t("Upload the pasted text as a file?"), t("Name of the file"), options);
    if (path) add([{ file: new File([text], path), path: path.replaceAll("/", "-") }]);
  }
}

function stamp() {
  const now = new Date();
  const local = new Date(now - now.getTimezoneOffset() * 60000).toISOString();
  return `${t("pasted")}-${local.slice(0, 19).replace("T", "-").replaceAll(":", "")}`;
}
