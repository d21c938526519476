// The files on their way, several at a time, in the order in which they came. What fails stays, to be tried again.
//
// A file is waiting, sending, resting (until it is tried again by itself), done, failed, refused or canceled.
// Events: "added" and "removed" with files, "turned" with one whose state changed, "moved" when bytes went out.

import { ApiError } from "../common/api.js";
import { t } from "../common/strings.js";
import { Pace } from "./pace.js";
import { isReadable, isUnreachable, send } from "./sending.js";

const TRIES = 6;
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 60000;
const HOLDING = [0, 429, 503];
const FULL = ["user_out_of_space", "too_many_files"];

export class Queue extends EventTarget {
  items = [];
  pace = new Pace();
  pending = { files: 0, bytes: 0 };
  done = { files: 0, bytes: 0 };
  // Why nothing is sent: undefined while things are.
  stopped;
  #room;
  #atATime;
  #target;
  #waiting = [];
  #sending = new Map();
  // Files whose failure was not their own: until they are tried again nothing new is begun.
  #holding = new Set();

  // `target` tells where a file is to be PUT.
  constructor(room, atATime, target = fileAddress) {
    super();
    this.#room = room;
    this.#atATime = atATime;
    this.#target = target;
    addEventListener("online", () => this.among("resting").forEach((item) => this.#tryAgain(item)));
  }

  get isBusy() {
    return this.pending.files > 0;
  }

  // Bytes that went out, of files that are under way or done.
  get sentBytes() {
    return [...this.#sending.keys()].reduce((sum, item) => sum + item.sent, this.done.bytes);
  }

  among(...states) {
    return this.items.filter(({ state }) => states.includes(state));
  }

  set atATime(count) {
    this.#atATime = count;
    this.#fill();
  }

  // `found` has { file, path }.
  add(found) {
    if (!this.isBusy) this.done = { files: 0, bytes: 0 };
    const items = found.map(({ file, path }) => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      return { file, path, name, size: file.size, state: "new", problem: "", sent: 0, tries: 0, isSelected: true };
    });
    for (const item of items) {
      this.items.push(item);
      this.#admit(item);
    }
    this.#tell("added", items);
    this.#fill();
  }

  // A single PUT can't go on where it was: what is under way will start from its beginning.
  stop(because) {
    this.stopped = because;
    for (const item of [...this.#sending.keys()].reverse()) {
      this.#leave(item);
      this.#wait(item, { isFirst: true });
    }
    for (const item of this.among("resting")) this.#wait(item, { isFirst: true });
    this.pace.reset();
    this.#tell("moved");
  }

  async resume() {
    await this.#room.refresh().catch(() => {});
    this.stopped = undefined;
    this.#fill();
    this.#tell("moved");
  }

  cancel(item) {
    this.#leave(item);
    this.#turn(item, "canceled");
    this.#fill();
  }

  cancelAll() {
    const stopped = this.stopped;
    this.stopped = { isQuiet: true };
    for (const item of this.among("waiting", "sending", "resting")) this.cancel(item);
    this.stopped = stopped?.isByHand ? undefined : stopped;
    this.#tell("moved");
  }

  // By hand, so that it has all its tries again.
  async retry(...items) {
    if (items.some(({ state }) => state === "refused" || state === "failed")) await this.#room.refresh().catch(() => {});
    if (!this.isBusy) this.done = { files: 0, bytes: 0 };
    for (const item of items) {
      item.tries = 0;
      this.#admit(item);
    }
    this.#fill();
  }

  remove(...items) {
    const gone = new Set(items);
    this.items = this.items.filter((item) => !gone.has(item));
    this.#tell("removed", items);
  }

  #tell(event, detail) {
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }

  #turn(item, state, problem = "") {
    const change = isPending(state) - isPending(item.state);
    this.pending.files += change;
    this.pending.bytes += change * item.size;
    Object.assign(item, { state, problem });
    if (state !== "sending") item.sent = 0;
    if (state !== "resting") this.#holding.delete(item);
    this.#tell("turned", item);
  }

  #admit(item) {
    const refusal = this.#room.refusal(item, this.pending);
    item.isHopeless = this.#room.isFinal(item);
    if (refusal) this.#turn(item, "refused", refusal);
    else this.#wait(item);
  }

  #wait(item, { isFirst = false } = {}) {
    clearTimeout(item.timer);
    if (isFirst) this.#waiting.unshift(item);
    else this.#waiting.push(item);
    this.#turn(item, "waiting");
  }

  #fill() {
    const mayBegin = () => !this.stopped && this.#holding.size === 0 && this.#sending.size < this.#atATime;
    while (mayBegin() && this.#waiting.length > 0) {
      const item = this.#waiting.shift();
      // It may have been canceled meanwhile, and even be here twice since.
      if (item.state === "waiting") this.#send(item);
    }
  }

  #leave(item) {
    clearTimeout(item.timer);
    const control = this.#sending.get(item);
    this.#sending.delete(item);
    control?.abort();
  }

  async #send(item) {
    const control = new AbortController();
    this.#sending.set(item, control);
    item.tries += 1;
    this.#turn(item, "sending");
    try {
      const progressed = (sent) => this.#progressed(item, sent);
      const answer = await send(item.file, this.#target(item), { progressed, signal: control.signal });
      this.#sending.delete(item);
      this.#arrived(item, answer);
    } catch (error) {
      const isLost = isUnreachable(error) && !(await isReadable(item.file));
      // Whoever aborted it has said what becomes of it.
      if (control.signal.aborted) return;
      this.#sending.delete(item);
      if (isLost) this.#turn(item, "failed", t("It can't be read. It may have been moved, changed or deleted"));
      else this.#failed(item, error);
    }
    this.#fill();
  }

  #progressed(item, sent) {
    const bytes = Math.min(sent, item.size);
    this.pace.moved(Math.max(0, bytes - item.sent));
    item.sent = bytes;
    this.#tell("moved", item);
  }

  #arrived(item, { id }) {
    item.id = id;
    item.file = undefined;
    this.done.files += 1;
    this.done.bytes += item.size;
    this.#room.took(item.size);
    this.#turn(item, "done");
  }

  #failed(item, error) {
    if (error.status === 401 || error.value === "read_only_mode_enabled") {
      this.#wait(item, { isFirst: true });
      this.stop({ isLoggedOut: error.status === 401, message: error.message });
    } else if (isPassing(error) && item.tries < TRIES) {
      this.#rest(item, error);
    } else {
      this.#turn(item, "failed", error.message);
      // The others will be refused without being sent.
      if (FULL.includes(error.value)) this.#room.refresh().catch(() => {});
    }
  }

  #rest(item, error) {
    const doubled = Math.min(FIRST_REST_MS * 2 ** (item.tries - 1), LONGEST_REST_MS);
    const wait = Math.max(doubled, error.retryAfterMs ?? 0);
    item.restsUntil = Date.now() + wait;
    item.timer = setTimeout(() => this.#tryAgain(item), wait);
    this.#turn(item, "resting", error.message);
    if (HOLDING.includes(error.status)) this.#holding.add(item);
  }

  // A small question first: whether there is a server, and still a login, is cheaper found out without the file.
  async #tryAgain(item) {
    clearTimeout(item.timer);
    try {
      await this.#room.refresh();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (item.state !== "resting") return;
      // A server that is away is waited for, however long it takes.
      item.tries = isUnreachable(error) ? Math.min(item.tries + 1, TRIES - 1) : item.tries + 1;
      this.#failed(item, error);
      this.#fill();
      return;
    }
    if (item.state !== "resting") return;
    this.#wait(item, { isFirst: true });
    this.#fill();
  }
}

export function isPending(state) {
  return state === "waiting" || state === "sending" || state === "resting";
}

function isPassing({ status }) {
  return status === 0 || status === 429 || status >= 500;
}

// A lone half of a character, which file systems allow, can't be sent.
function fileAddress({ name }) {
  return `/api/file/${encodeURIComponent(name.toWellFormed?.() ?? name)}`;
}
