// Views and downloads of a file change while one looks at them.

import { embedded, find, findAll } from "../common/dom.js";
import { number } from "../common/format.js";
import { live } from "../common/socket.js";

let follow = () => {};

if (find("[data-live]")) {
  document.addEventListener("walked", () => follow()); // in a list the page stays and the file changes
  live("/api/file_stats", {
    opened: (send) => {
      follow = () => send({ type: "file_stats", data: { file_id: embedded("file").id } });
      follow();
    },
    received: ({ type, file_stats: figures }) => {
      if (type !== "file_stats") return;
      for (const shown of findAll("[data-live]")) shown.textContent = number(figures[shown.dataset.live]);
    },
  });
}
