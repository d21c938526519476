// The preview of how pages of files look follows the form.

import { find, findAll } from "../common/dom.js";

const form = find("#branding");
const preview = find("#preview");

function show() {
  const theme = form.elements.theme.value;
  preview.classList.toggle("preview-light", theme === "light");
  preview.classList.toggle("preview-dark", theme === "dark");
  for (const element of findAll("[data-of]", preview)) {
    const { value } = form.elements[element.dataset.of];
    element.hidden = !value;
    if (element.tagName === "IMG") showImage(element, value);
    else element.textContent = value;
  }
  for (const button of findAll("[data-without]", preview)) {
    button.hidden = form.elements[button.dataset.without].checked;
  }
}

function showImage(image, id) {
  if (!id) image.removeAttribute("src");
  else if (!image.src.endsWith(form.dataset.images + id)) image.src = form.dataset.images + id;
}

if (form) {
  form.addEventListener("input", show);
  show();
}
