// The page of a share that takes files and shows nothing: they are uploaded as into any other directory.

import { find } from "../common/dom.js";
import { chosen } from "../upload/gathering.js";
import { picking, taking } from "./uploads.js";

const form = find("#dropbox");
const field = find("#files");

const add = taking({
  path: form.dataset.path,
  rights: { owner: false, read: false, write: true, delete: false },
  nodes: [],
  refresh: async () => {},
  focus: () => field.focus(),
});

picking(find("#upload-folder"), { webkitdirectory: true }, add);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  add(chosen(field.files));
  field.value = "";
});
