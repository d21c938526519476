// What can be told of a file before a byte of it is sent. The server has the last word.

import { ask, encodedPath } from "../common/api.js";
import { size } from "../common/format.js";
import { t } from "../common/strings.js";

const NAME_MAX_BYTES = 255;

export class Room {
  #listing;
  // Members of GET /user, of those who upload into a filesystem of their own. A negative limit is none.
  #told;

  constructor(listing) {
    this.#listing = listing;
  }

  // Throws ApiError.
  async refresh() {
    if (this.#listing.rights.owner) this.#told = await ask("GET", "/user");
    else if (this.#listing.rights.read) await ask("GET", `/filesystem${encodedPath(this.#listing.path)}`, { query: { download_stats: "" } });
  }

  took(bytes) {
    if (!this.#told) return;
    this.#told.storage_space_used += bytes;
    this.#told.filesystem_storage_used += bytes;
  }

  // Why a file can't be taken, undefined when it can. `pending` has the bytes that others will take.
  refusal(file, pending) {
    return this.#fault(file) ?? this.#lack(file, pending);
  }

  // Whether that can't be otherwise later.
  isFinal(file) {
    return this.#fault(file) !== undefined;
  }

  #fault({ name, size: bytes }) {
    if (new TextEncoder().encode(name).length > NAME_MAX_BYTES) return t("Its name is longer than {count} bytes", { count: NAME_MAX_BYTES });
    const largest = this.#told?.subscription.file_size_limit ?? -1;
    if (largest < 0 || bytes <= largest) return undefined;
    return t("It is too large: {size}. Your plan takes files of up to {limit}", { size: size(bytes), limit: size(largest) });
  }

  #lack({ size: bytes }, pending) {
    if (!this.#told) return undefined;
    const { subscription, storage_space_used: used, filesystem_storage_used: usedHere } = this.#told;
    const rooms = [
      [subscription.storage_space, used],
      [subscription.filesystem_storage_limit, usedHere],
    ];
    const left = Math.min(...rooms.filter(([space]) => space >= 0).map(([space, taken]) => Math.max(0, space - taken - pending.bytes)));
    return bytes > left ? t("There is no room for its {size}: {left} are left", { size: size(bytes), left: size(left) }) : undefined;
  }
}
