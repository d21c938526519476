// Browsers on phones show no PDF inside a page, and leave the frame empty.

if (navigator.pdfViewerEnabled === false) {
  document.querySelector(".document").remove();
  document.querySelector(".unplayable").hidden = false;
}
