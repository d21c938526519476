// Making a push: passwords, files with progress, and end-to-end encryption. Without this it is a plain form.

import { find } from "../common/dom.js";
import { size } from "../common/format.js";
import { t } from "../common/strings.js";
import { chooseFiles } from "./chosen.js";
import { isPossible, newSecret, sealFile, sealText, written } from "./crypt.js";
import { password } from "./generate.js";
import { send, showProblems } from "./sending.js";

const form = find("#push");
if (form) enhance();

function enhance() {
  const field = form.querySelector("#files");
  const files = field ? chooseFiles(field) : () => [];
  offerEncryption();
  offerPasswords();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = find("#send");
    if (button.disabled) return;
    button.disabled = true;
    try {
      await make(files());
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
    find("#sending").hidden = true;
  });
}

async function make(files) {
  const secret = form.elements.end_to_end?.checked ? newSecret() : undefined;
  const data = await gathered(files, secret);
  const { url, page } = await send(form.action, data, (sent, all) => {
    show(sent / all, t("{sent} of {size}", { sent: size(sent), size: size(all) }));
  });
  if (!new URL(url).pathname.endsWith("/preview")) return showProblems(form, page);
  // Whoever comes back to this page finds it empty.
  form.reset();
  location.assign(secret ? `${url}#${written(secret)}` : url);
}

// What is sent: the fields, and the files at the end.
async function gathered(files, secret) {
  const data = new FormData(form);
  data.delete("files");
  if (!secret) {
    for (const file of files) data.append("files", file);
    return data;
  }
  const about = {};
  const sealed = [];
  for (const [index, file] of files.entries()) {
    const name = `${index + 1}`;
    about[name] = { name: file.name, type: file.type, size: file.size };
    const said = (done) => show(done / Math.max(file.size, 1), t("Encrypting {name}", { name: file.name }));
    sealed.push(new File([await readably(() => sealFile(secret, file, said))], name, { type: "application/octet-stream" }));
  }
  const { kind, payload } = Object.fromEntries(data);
  // As forms send it: every line break is one character then, wherever it was typed.
  const text = payload.replace(/\r\n?/g, "\n");
  data.set("payload", await sealText(secret, kind === "file" ? JSON.stringify({ text, files: about }) : kind === "url" ? text.trim() : text));
  for (const file of sealed) data.append("files", file);
  return data;
}

async function readably(read) {
  try {
    return await read();
  } catch {
    throw new Error(t("One of the files can't be read any more. Choose it again"));
  }
}

function show(part, text) {
  find("#sending").hidden = false;
  find("#progress").value = part;
  find("#progress-said").textContent = text;
}

function say(text) {
  for (const old of form.querySelectorAll(":scope > .wrong")) old.remove();
  const wrong = document.createElement("div");
  wrong.className = "wrong";
  wrong.role = "alert";
  wrong.textContent = text;
  form.prepend(wrong);
  wrong.scrollIntoView({ block: "nearest" });
}

function offerEncryption() {
  find("#end-to-end").hidden = false;
  if (isPossible) return;
  const why = find("#end-to-end-why");
  form.elements.end_to_end.disabled = true;
  why.textContent = t("This browser can encrypt over HTTPS only, and this page came without.");
  why.hidden = false;
}

function offerPasswords() {
  const place = find("#generator");
  if (!place) return;
  place.hidden = false;
  find("#generate").addEventListener("click", () => {
    const kinds = ["lower", "upper", "digits", "signs"].filter((kind) => find(`#${kind}`).checked);
    const length = Math.min(128, Math.max(6, Number.parseInt(find("#length").value, 10) || 20));
    const made = password(length, kinds, { isDistinct: find("#distinct").checked });
    const said = find("#generated");
    if (!made) {
      said.textContent = t("Choose at least one kind of characters.");
      return;
    }
    const { payload } = form.elements;
    payload.setRangeText(made, payload.selectionStart, payload.selectionEnd, "end");
    payload.dispatchEvent(new Event("input", { bubbles: true }));
    said.textContent = t("A password of {count} characters is in the text.", { count: length });
  });
}
