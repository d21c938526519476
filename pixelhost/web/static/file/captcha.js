// The captcha of a file's page: its response goes into the address of the download.

import { ApiError, ask } from "../common/api.js";
import { t } from "../common/strings.js";

// What the scripts of the providers put into the form.
const FIELDS = ["g-recaptcha-response", "h-captcha-response", "cf-turnstile-response"];

const form = document.querySelector("form.captcha");
const button = form.querySelector("button");
const said = document.querySelector(".captcha-said");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  button.disabled = true;
  try {
    const response = form.dataset.worker ? await solved() : filledIn();
    if (response) {
      said.textContent = t("Thank you. The download begins.");
      begin(`${form.dataset.download}&recaptcha_response=${encodeURIComponent(response)}`);
    } else {
      said.textContent = t("Complete the captcha first.");
    }
  } catch (error) {
    said.textContent = error.message;
  } finally {
    button.disabled = false;
  }
});

// In a frame, where a download leaves no document, and a refusal doesn't take this page away.
function begin(address) {
  document.querySelector("iframe.captcha-download")?.remove();
  const frame = document.createElement("iframe");
  frame.className = "captcha-download";
  frame.hidden = true;
  frame.addEventListener("load", () => {
    said.textContent = new ApiError(0, refusal(frame)).message;
    // A response is good once.
    for (const widget of [window.grecaptcha, window.hcaptcha, window.turnstile]) widget?.reset();
  });
  frame.src = address;
  document.body.append(frame);
}

// What the API said, which can't be known of another origin.
function refusal(frame) {
  try {
    return JSON.parse(frame.contentDocument.body.textContent);
  } catch {
    return { message: t("The download did not begin. Open this page again.") };
  }
}

function filledIn() {
  const data = new FormData(form);
  return FIELDS.map((name) => data.get(name)).find(Boolean);
}

// The number that belongs to a new challenge, with the challenge, as ALTCHA's servers take it.
async function solved() {
  const challenge = await ask("GET", "/misc/altcha");
  const number = await search(challenge);
  const { algorithm, challenge: hash, salt, signature } = challenge;
  return btoa(JSON.stringify({ algorithm, challenge: hash, number, salt, signature }));
}

function search(challenge) {
  const progress = form.querySelector("progress");
  const worker = new Worker(form.dataset.worker, { type: "module" });
  progress.hidden = false;
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => {
      if (data.number !== undefined) resolve(data.number);
      else if (data.failed) reject(new Error(t("The challenge has no solution. Try again")));
      else progress.value = data.done;
    });
    worker.addEventListener("error", () => reject(new Error(t("Your browser can't do this work."))));
    worker.postMessage(challenge);
  }).finally(() => {
    worker.terminate();
    progress.hidden = true;
    progress.value = 0;
  });
}
