// Files of a transfer: chosen one after the other, and sent with progress. Without this it is a plain form.

import { find } from "../common/dom.js";
import { size } from "../common/format.js";
import { t } from "../common/strings.js";
import { chooseFiles } from "../pushes/chosen.js";
import { send, showProblems } from "../pushes/sending.js";

const form = find("#transfer") ?? find("#upload");
if (form) enhance();

function enhance() {
  const files = chooseFiles(form.querySelector("#files"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = find("#send");
    if (button.disabled) return;
    button.disabled = true;
    try {
      await go(files);
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
    find("#sending").hidden = true;
  });
}

async function go(files) {
  const data = new FormData(form);
  data.delete("files");
  for (const file of files()) data.append("files", file);
  const { url, page } = await send(form.getAttribute("action"), data, (sent, all) => {
    if (files().length === 0) return;
    find("#sending").hidden = false;
    find("#progress").value = sent / all;
    find("#progress-said").textContent = t("{sent} of {size}", { sent: size(sent), size: size(all) });
  });
  if (new URL(url).searchParams.has("done")) {
    // Whoever comes back to this page finds it empty.
    form.reset();
    location.assign(url);
    return;
  }
  keep(files, page?.querySelector("#kept-files"));
  showProblems(form, page);
}

// Files that have arrived, although the message wasn't sent: they are ticked now, and not sent again.
function keep(files, kept) {
  if (!kept || !("kept" in kept.dataset)) return;
  find("#kept-files").replaceWith(document.importNode(kept, true));
  files.clear();
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
