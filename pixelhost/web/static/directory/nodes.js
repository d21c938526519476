// The entries of a directory as the API tells them, and their order, which is that of the server.

import { encodedPath } from "../common/api.js";
import { t } from "../common/strings.js";

const MARKS = /\p{M}/gu;
const DIGITS = /([0-9]+)/;

const ICONS = [
  ["image/", "image"],
  ["video/", "video"],
  ["audio/", "audio"],
  ["text/", "text"],
  ["application/pdf", "pdf"],
  ["application/json", "text"],
  ["application/xml", "text"],
  ["application/zip", "archive"],
  ["application/gzip", "archive"],
  ["application/x-7z-compressed", "archive"],
  ["application/x-tar", "archive"],
  ["application/x-xz", "archive"],
  ["application/zstd", "archive"],
  ["application/vnd.rar", "archive"],
  ["application/x-bzip2", "archive"],
];

export function isDirectory({ type }) {
  return type === "dir";
}

export function iconOf(node) {
  if (isDirectory(node)) return "folder";
  return ICONS.find(([beginning]) => node.file_type.startsWith(beginning))?.[1] ?? "file";
}

// On a domain of its own, a node is at the root.
const ROOT = document.documentElement.dataset.root;

export const PREFIX = ROOT === undefined ? "/d" : "/";

export function pageOf(path) {
  if (ROOT === undefined || !`${path}/`.startsWith(`${ROOT}/`)) return `/d${encodedPath(path)}`;
  return encodedPath(path.slice(ROOT.length)) || "/";
}

export function apiOf(path) {
  return `/api/filesystem${encodedPath(path)}`;
}

// The name of an entry as a form sends it.
export function pickOf({ name }) {
  return `pick:${quoted(name)}`;
}

// All entries, in no order, and what may be done here. Throws an Error.
export async function entries(path) {
  const response = await fetch(`${pageOf(path)}?entries=`);
  if (!response.ok) throw new Error(t("The folder could not be read. Load the page again"));
  return response.json();
}

// `sort` is a key, with a minus before it for downwards. Directories come first either way.
export function ordered(nodes, sort) {
  const way = sort.startsWith("-") ? -1 : 1;
  const compare = COMPARISONS[sort.replace("-", "")];
  const keyed = nodes.map((node) => ({ node, runs: runsOf(node.name) }));
  keyed.sort((one, other) => isDirectory(other.node) - isDirectory(one.node) || way * compare(one, other) || byName(one, other));
  return keyed.map(({ node }) => node);
}

const COMPARISONS = {
  name: byName,
  size: (one, other) => one.node.file_size - other.node.file_size,
  modified: (one, other) => byText(one.node.modified, other.node.modified),
  type: (one, other) => byText(one.node.file_type, other.node.file_type),
};

// b10 comes after B9, and é with e.
function byName(one, other) {
  const shared = Math.min(one.runs.length, other.runs.length);
  for (let at = 0; at < shared; at += 1) {
    const [a, b] = [one.runs[at], other.runs[at]];
    const difference = at % 2 ? a.length - b.length || byText(a, b) : byText(a, b);
    if (difference) return difference;
  }
  return one.runs.length - other.runs.length || byText(one.node.name, other.node.name);
}

// Text and digits in turn, digits without zeros at their front.
function runsOf(name) {
  const plain = name.normalize("NFKD").replace(MARKS, "").toLowerCase();
  return plain.split(DIGITS).map((run, at) => (at % 2 ? run.replace(/^0+/, "") : run));
}

function byText(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}

// As the server quotes: encodeURIComponent leaves some characters that it doesn't.
function quoted(name) {
  return encodeURIComponent(name).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
