// The API of this site, called with the visitor's cookie.

import { t } from "./strings.js";

export class ApiError extends Error {
  constructor(status, answer) {
    super(t(answer.message ?? "Something went wrong on the server. Try again later"));
    this.status = status;
    this.value = answer.value ?? "internal";
    this.extra = answer.extra ?? {};
    this.errors = answer.errors ?? [];
  }
}

// ask("POST", "/user/session", { form: { app_name } }); paths are relative to /api. Throws ApiError.
export async function ask(method, path, { query, form, json, body, headers = {}, signal } = {}) {
  const address = `/api${path}${query ? `?${new URLSearchParams(query)}` : ""}`;
  const sent = { ...headers };
  let content = body;
  if (form) content = new URLSearchParams(form);
  if (json !== undefined) {
    content = JSON.stringify(json);
    sent["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(address, { method, body: content, headers: sent, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { value: "unreachable", message: t("The server could not be reached. Check the connection") });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

// The path of a node in the API and in addresses of pages, each component encoded.
export function encodedPath(path) {
  return path.split("/").map(encodeURIComponent).join("/");
}
