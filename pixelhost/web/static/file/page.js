// The page of a file: its keys, its dialogs, its live figures. Everything it does by links and forms works without.

import { embedded, findAll } from "../common/dom.js";
import { number } from "../common/format.js";
import { live } from "../common/socket.js";
import "./forms.js";
import "./keys.js";

const { id } = embedded("file");

live("/api/file_stats", {
  opened: (send) => send({ type: "file_stats", data: { file_id: id } }),
  received: ({ type, file_stats: figures }) => {
    if (type !== "file_stats") return;
    for (const shown of findAll("[data-live]")) shown.textContent = number(figures[shown.dataset.live]);
  },
});
