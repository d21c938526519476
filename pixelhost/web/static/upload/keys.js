// The curl line with a key of one's own: made when it is asked for, not before.

import { ask } from "../common/api.js";
import { find } from "../common/dom.js";
import { t } from "../common/strings.js";
import { toast } from "../common/toast.js";

const APP_NAME = "curl";

const offer = find("#own-key");
offer.hidden = false;
find("button", offer).addEventListener("click", async () => {
  try {
    putIn(await ownKey());
  } catch (error) {
    toast(t("No key was made: {problem}", { problem: error.message }));
  }
});

// The key that there is by that name, so that asking twice makes no second one.
async function ownKey() {
  const sessions = await ask("GET", "/user/session");
  const found = sessions.find(({ app_name, auth_key }) => app_name === APP_NAME && auth_key);
  return (found ?? (await ask("POST", "/user/session", { form: { app_name: APP_NAME } }))).auth_key;
}

function putIn(key) {
  const command = offer.closest("section");
  const copy = find("[data-copy]", command);
  find("pre var", command).textContent = key;
  copy.dataset.copy = find("pre", command).textContent;
  offer.remove();
  copy.focus();
}
