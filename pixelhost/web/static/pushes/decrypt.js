// A secret that was encrypted end to end, opened with the key that only the address of this page has.

import { embedded, find, h } from "../common/dom.js";
import { honest, size } from "../common/format.js";
import { t } from "../common/strings.js";
import { toast } from "../common/toast.js";
import { isPossible, openFile, openText, secretOf } from "./crypt.js";
import { revealed } from "./reveal.js";

const { kind, payload, files } = embedded("sealed");
const secret = secretOf(location.hash);
const SHOWN = { text: showText, url: showLink, qr: showCode, file: showFiles };

if (!isPossible) find("#no-crypto").hidden = false;
else if (!secret) find("#no-key").hidden = false;
else await open();

async function open() {
  try {
    const text = await openText(secret, payload);
    const place = find("#opened");
    place.append(...SHOWN[kind](text));
    place.hidden = false;
  } catch {
    find("#wrong-key").hidden = false;
  }
}

function showText(text) {
  return revealed(text, t("Show the secret"));
}

// Never followed by itself: nobody but its sender has seen where it leads.
function showLink(text) {
  if (!/^https?:\/\//i.test(text)) return showText(text);
  const link = h("a", { href: text, rel: "noreferrer noopener" }, text);
  return [h("p", {}, t("This secret is a link:")), h("p", { class: "opened-link" }, link)];
}

function showCode(text) {
  const why = t("This was to be a QR code. The server draws them, and it must not see what this one holds: here it is as text.");
  return [h("p", { class: "soft" }, why), ...showText(text)];
}

function showFiles(text) {
  const { text: message, files: about } = JSON.parse(text);
  const rows = files.filter((file) => about[file.name]).map((file) => row(file, about[file.name]));
  const list = h("ul", { class: "secret-files" }, ...rows);
  return message ? [...revealed(message, t("Show the message")), list] : [list];
}

function row({ url }, { name, type, size: bytes }) {
  const progress = h("progress", { max: Math.max(bytes, 1), value: 0, hidden: true, "aria-label": honest(name) });
  const button = h("button", { type: "button", class: "button", "aria-label": `${t("Download")}: ${honest(name)}` }, t("Download"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    progress.hidden = false;
    try {
      save(await download(url, type, (done) => (progress.value = done)), name);
    } catch (error) {
      toast(error.message);
    }
    button.disabled = false;
    progress.hidden = true;
  });
  const label = h("span", { class: "file-name" }, h("bdi", {}, honest(name)), " ", h("span", { class: "soft" }, size(bytes)));
  return h("li", {}, label, button, progress);
}

async function download(url, type, progressed) {
  const response = await fetch(url).catch(() => undefined);
  if (!response) throw new Error(t("The server could not be reached. Check the connection"));
  if (!response.ok) throw new Error(t("The link to this file has expired. Open the secret again"));
  try {
    return await openFile(secret, response, type, progressed);
  } catch {
    throw new Error(t("The file could not be decrypted: it arrived incomplete, or isn't what was sent"));
  }
}

// The type is not the sender's to choose where a browser might run it: it is saved, never opened.
function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
