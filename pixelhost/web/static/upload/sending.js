// One file by PUT. By XMLHttpRequest, because fetch doesn't tell how much has been sent.

import { ApiError } from "../common/api.js";
import { t } from "../common/strings.js";

// The answer of the API. Throws ApiError with `retryAfterMs`, or an AbortError.
export function send(file, address, { progressed, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", ({ loaded }) => progressed(loaded));
    request.addEventListener("load", () => (isGood(request) ? resolve(request.response) : reject(refusal(request))));
    request.addEventListener("error", () => reject(refusal(request)));
    request.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

// Whether its bytes are still where they were: a network error looks the same.
export async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

export function isUnreachable(error) {
  return error.status === 0;
}

function isGood({ status, response }) {
  return status >= 200 && status < 300 && response !== null;
}

function refusal(request) {
  const unreachable = { value: "unreachable", message: t("The server could not be reached. Check the connection") };
  const error = new ApiError(request.status, request.status === 0 ? unreachable : (request.response ?? {}));
  error.retryAfterMs = 1000 * (Number.parseInt(request.getResponseHeader("Retry-After"), 10) || 0);
  return error;
}
