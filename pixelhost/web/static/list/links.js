// The IDs in what was pasted: links to files or bare IDs, with spaces or commas between. Forms read them in the same way.

const LINKED = /^(?:\S*\/(?:u|file)\/)?([A-Za-z0-9]{8})(?:[/?#]\S*)?$/;

// `wrong` is the first that is no link to a file.
export function linked(text) {
  const words = text.split(/[\s,]+/).filter(Boolean);
  const wrong = words.find((word) => !LINKED.test(word));
  return { wrong, ids: wrong === undefined ? words.map((word) => LINKED.exec(word)[1]) : [] };
}
