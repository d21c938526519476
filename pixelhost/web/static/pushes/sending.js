// A form sent with progress. By XMLHttpRequest, because fetch doesn't tell how much has been sent.

import { t } from "../common/strings.js";

// The address that it led to, and the page there. Throws an Error with words for the visitor.
export function send(address, data, progressed) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.responseType = "document";
    // As for a page: programs that are refused are asked for a password, which a browser would do in a window of its own.
    request.setRequestHeader("accept", "text/html");
    request.upload.addEventListener("progress", ({ loaded, total }) => progressed(loaded, total));
    request.addEventListener("load", () => resolve({ url: request.responseURL, page: request.responseXML }));
    request.addEventListener("error", () =>
      reject(new Error(t("The server could not be reached, or did not take it. Check the connection"))),
    );
    request.send(data);
  });
}

// What the page that came back says is wrong, put beside the fields of this one, which keep what was typed.
export function showProblems(form, page) {
  for (const old of form.querySelectorAll(":scope > .wrong")) old.remove();
  const answered = page?.querySelector(`#${form.id}`);
  if (!answered) return refusedAs(form, page);
  for (const field of form.querySelectorAll("[id]:is(input, select, textarea)")) {
    const now = answered.querySelector(`#${CSS.escape(field.id)}`);
    if (!now) continue;
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (now.hasAttribute(name)) field.setAttribute(name, now.getAttribute(name));
      else field.removeAttribute(name);
    }
    form.querySelector(`#${CSS.escape(field.id)}-said`)?.remove();
    const said = answered.querySelector(`#${CSS.escape(field.id)}-said`);
    if (said) field.after(document.importNode(said, true));
  }
  for (const wrong of answered.querySelectorAll(":scope > .wrong")) form.prepend(document.importNode(wrong, true));
  form.querySelector("[aria-invalid=true]")?.focus();
}

// A page that isn't the form at all: whoever sent it was logged out, or the server takes nothing now.
function refusedAs(form, page) {
  const wrong = document.createElement("div");
  wrong.className = "wrong";
  wrong.role = "alert";
  wrong.textContent = page?.querySelector("main")
    ? [...page.querySelectorAll("main h1, main > p:not(.actions, .status)")].map((one) => one.textContent.trim()).join(" ")
    : t("Something went wrong on the server. Try again later");
  form.prepend(wrong);
  wrong.scrollIntoView({ block: "nearest" });
}
