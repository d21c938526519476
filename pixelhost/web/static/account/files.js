// The file manager: how many files are selected, all of a page at once, and links that are copied without another page.

import { copy } from "../common/copy.js";
import { find, findAll } from "../common/dom.js";
import { n, t } from "../common/strings.js";
import { toast } from "../common/toast.js";

const form = find(".files-form");
if (form) begin(form);

function begin(form) {
  const all = find("#all");
  const boxes = findAll("input[data-id]", form);
  const bulk = find(".bulk", form);
  const said = find("#announced");
  const picked = () => boxes.filter((box) => box.checked);
  let last;

  function show() {
    const count = picked().length;
    const text = n(count, "{count} selected", "{count} selected");
    find("#picked").textContent = text;
    // That nothing is selected is no news on a page that has just come.
    if (count > 0 || said.textContent) said.textContent = text;
    bulk.hidden = count === 0;
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  }

  // With Shift, all between this box and the one before it.
  function extend(event) {
    const box = event.target;
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    show();
  }

  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of boxes) box.addEventListener("click", extend);
  find("button[value=links]", form).addEventListener("click", async (event) => {
    event.preventDefault();
    const links = picked().map((box) => `${form.dataset.here}/u/${box.dataset.id}`);
    if (await copy(links.join("\n"))) toast(n(links.length, "{count} link copied", "{count} links copied"));
    else toast(t("Not copied"));
  });
  addEventListener("pageshow", show);
  show();
}
