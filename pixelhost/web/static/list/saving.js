// Saving a list: one request at a time, and of what was changed meanwhile only the last state.

import { ask } from "../common/api.js";
import { h } from "../common/dom.js";
import { t } from "../common/strings.js";

// `save` saves some members of the list, and tells whether it could. `field` is the one that they come from, beside which
// it is said what is wrong with them; everything else is told to `say`. `settled` tells the same of the last save.
export function savingTo(id, say) {
  let last = Promise.resolve(true);
  let newest;
  let pending = 0;

  addEventListener("beforeunload", (event) => {
    if (pending > 0) event.preventDefault();
  });

  return { save, settled: () => last };

  function save(members, { field, done = t("Saved") } = {}) {
    newest = members.files ?? newest;
    pending += 1;
    say(t("Saving …"));
    last = last.then(() => sendInTurn(members, field, done));
    return last;
  }

  async function sendInTurn(members, field, done) {
    try {
      // A later change holds all files too.
      const isOutdated = members.files !== undefined && members.files !== newest;
      return isOutdated || (await send(members, field, done));
    } finally {
      pending -= 1;
    }
  }

  async function send(members, field, done) {
    if (field) tell(field, "");
    try {
      await ask("PUT", `/list/${id}`, { json: members });
      say(done);
      return true;
    } catch (error) {
      const missing = error.extra.file_not_found;
      const text = missing ? t("There is no file {id}", { id: missing }) : error.message;
      if (field) tell(field, text);
      say(t("Not saved: {problem}", { problem: text }), true);
      return false;
    }
  }
}

// Beside a field, as the server's own pages do.
function tell(field, text) {
  const said = document.getElementById(`${field.id}-said`);
  const place = said ?? h("p", { id: `${field.id}-said` });
  if (!said && !text) return;
  if (text) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  field.setAttribute("aria-describedby", place.id);
  place.dataset.hint ??= place.matches(".hint") ? place.textContent : "";
  place.className = text ? "problem" : "hint";
  place.textContent = text || place.dataset.hint;
  if (!said) field.after(place);
}
