// Links and forms with data-swap="#part" lead to this page with another part. Only the part is exchanged, so that what
// plays goes on playing.

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  swap(link.href, link.dataset.swap);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-swap]")) return;
  event.preventDefault();
  const address = new URL(location.pathname, location.href);
  address.search = new URLSearchParams(new FormData(form));
  swap(address.href, form.dataset.swap);
});

async function swap(address, selector) {
  let part;
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    part = response.ok && page.querySelector(selector);
  } catch {
    part = null;
  }
  if (!part) {
    location.assign(address);
    return;
  }
  document.querySelector(selector).replaceWith(document.adoptNode(part));
  history.replaceState(null, "", address);
  part.tabIndex = -1;
  part.focus({ preventScroll: true });
  part.scrollIntoView({ block: "nearest" });
}
