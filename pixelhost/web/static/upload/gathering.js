// Files that were dropped, pasted or chosen, folders among them: { file, path }, the path being that below the folder.

// Files come one after the other, as folders are read. `missed` is told the path of what can't be read.
export async function* transferred(transfer, missed) {
  // Everything has to be taken out at once: the transfer is empty after the event.
  const items = [...(transfer.items ?? [])].filter((item) => item.kind === "file");
  const found = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  if (!found.some(Boolean)) return yield* chosen(transfer.files);
  for (const one of found.filter(Boolean)) {
    if (one instanceof File) yield { file: one, path: one.name };
    else yield* below(one, missed);
  }
}

// Of a field, which tells the paths when it chooses folders.
export function chosen(files) {
  const found = [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
  return found.sort((one, other) => inOrder(one.path, other.path));
}

async function* below(entry, missed) {
  const path = entry.fullPath.replace(/^\//, "") || entry.name;
  try {
    if (entry.isFile) {
      yield { file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path };
      return;
    }
    const children = await all(entry.createReader());
    children.sort((one, other) => inOrder(one.name, other.name));
    for (const child of children) yield* below(child, missed);
  } catch {
    missed(path);
  }
}

const { compare: inOrder } = new Intl.Collator(undefined, { numeric: true });

// A reader gives a hundred at a time, and none at the end.
async function all(reader) {
  const found = [];
  for (;;) {
    const more = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (more.length === 0) return found;
    found.push(...more);
  }
}
