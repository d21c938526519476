// A list of which only the rows near the screen are there, however long it is. All rows are equally high.

const BEYOND = 12;

export class Windowed {
  #list;
  #make;
  #count = 0;
  #shown = new Map();
  #height = 0;
  #columns = 1;
  #top = 0;
  #isAsked = false;
  #isStale = false;

  // `make(at)` gives the element of an entry.
  constructor(list, make) {
    this.#list = list;
    this.#make = make;
    addEventListener("scroll", () => this.#ask(), { passive: true });
    new ResizeObserver(() => this.#ask({ isResized: true })).observe(list.parentElement);
  }

  // Everything anew: other entries, another order, another view.
  show(count) {
    this.#count = count;
    this.#clear();
    this.#measure();
    this.#fill();
  }

  // Every element that is there, by the number of its entry.
  get shown() {
    return this.#shown;
  }

  get columns() {
    return this.#columns;
  }

  // How many rows of entries fit on the screen.
  get rowsOnScreen() {
    return Math.max(1, Math.floor(innerHeight / this.#height) - 2);
  }

  // Brings an entry on the screen, and gives its element.
  reveal(at) {
    const top = this.#list.getBoundingClientRect().top + this.#top + Math.floor(at / this.#columns) * this.#height;
    const above = 64;
    if (top < above) scrollBy({ top: top - above, behavior: "instant" });
    else if (top + this.#height > innerHeight) scrollBy({ top: top + this.#height - innerHeight + 8, behavior: "instant" });
    this.#fill();
    return this.#shown.get(at);
  }

  #clear() {
    this.#list.replaceChildren();
    this.#list.style.paddingTop = "";
    this.#list.style.paddingBottom = "";
    this.#shown.clear();
  }

  #measure() {
    if (this.#count === 0) return;
    const probe = this.#make(0);
    this.#list.append(probe);
    const style = getComputedStyle(this.#list);
    this.#height = probe.getBoundingClientRect().height + (Number.parseFloat(style.rowGap) || 0);
    this.#columns = style.display === "grid" ? style.gridTemplateColumns.split(" ").length : 1;
    this.#top = Number.parseFloat(style.paddingTop) || 0;
    probe.remove();
  }

  #ask({ isResized = false } = {}) {
    this.#isStale ||= isResized;
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      if (this.#isStale) this.#remeasure();
      this.#isStale = false;
      this.#fill();
    });
  }

  // The room of rows that are there has to be as it was made.
  #remeasure() {
    const style = getComputedStyle(this.#list);
    this.#columns = style.display === "grid" ? style.gridTemplateColumns.split(" ").length : 1;
    const any = this.#list.firstElementChild;
    if (any) this.#height = any.getBoundingClientRect().height + (Number.parseFloat(style.rowGap) || 0);
  }

  #fill() {
    if (this.#count === 0) return;
    const top = -this.#list.getBoundingClientRect().top - this.#top;
    const rows = Math.ceil(this.#count / this.#columns);
    const onScreen = Math.ceil(innerHeight / this.#height);
    const firstRow = Math.min(Math.max(0, Math.floor(top / this.#height) - BEYOND), Math.max(0, rows - onScreen - BEYOND));
    const lastRow = Math.min(rows, firstRow + onScreen + 2 * BEYOND);
    const first = firstRow * this.#columns;
    const last = Math.min(this.#count, lastRow * this.#columns);
    this.#list.style.paddingTop = `${this.#top + firstRow * this.#height}px`;
    this.#list.style.paddingBottom = `${(rows - lastRow) * this.#height}px`;
    for (const [at, element] of this.#shown) {
      if (at >= first && at < last) continue;
      element.remove();
      this.#shown.delete(at);
    }
    this.#add(first, last);
  }

  #add(first, last) {
    let after = null;
    for (let at = last - 1; at >= first; at -= 1) {
      let element = this.#shown.get(at);
      if (!element) {
        element = this.#make(at);
        this.#shown.set(at, element);
        this.#list.insertBefore(element, after);
      }
      after = element;
    }
  }
}
