// Links in the formats that other places take: what a line says for { name, url }.

const HTML = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export const FORMATS = {
  text: ({ url }) => url,
  markdown: ({ name, url }) => `[${name.replace(/[\\[\]`*_<]/g, "\\$&")}](${url})`,
  // It has no way to say a bracket.
  bbcode: ({ name, url }) => `[url=${url}]${name.replaceAll("[", "(").replaceAll("]", ")")}[/url]`,
  html: ({ name, url }) => `<a href="${url}">${name.replace(/[&<>"]/g, (char) => HTML[char])}</a>`,
};
